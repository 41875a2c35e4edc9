//! What every report page begins and ends with: one style, one script, and a policy under which nothing else is loaded.

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/page.js");

/// Begins a page, up to the name of the report in its header. `title` is escaped already; `own` is style beside that of all
/// pages.
pub(crate) fn open(out: &mut String, title: &str, report: &str, own: &str) {
    for part in [
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'\">\n",
        "<title>",
        title,
        "</title>\n<style>\n",
        STYLE,
        own,
        "</style>\n</head>\n<body>\n<header>\n<p class=\"brand\">",
        report,
        "</p>\n",
    ] {
        out.push_str(part);
    }
}

/// Ends a page with its footer.
pub(crate) fn close(out: &mut String, footer: &str) {
    for part in [
        "<footer>",
        footer,
        "</footer>\n</main><div id=\"tip\"></div>\n<script>\n",
        SCRIPT,
        "</script>\n</body>\n</html>\n",
    ] {
        out.push_str(part);
    }
}
