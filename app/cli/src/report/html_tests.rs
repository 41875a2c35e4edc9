use super::super::sample;
use super::*;

#[test]
fn needs_nothing_from_outside() {
    let html = render(&sample::report());
    for outside in ["http://", "https://", "//cdn", "@import", "url(", "src=\"", "<link", "<img", "fetch("] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn has_every_section() {
    for (report, empty) in [(sample::report(), false), (sample::empty(), true)] {
        let html = render(&report);
        for id in ["assets", "accounts", "liquidations", "house", "compute", "notes"] {
            assert_eq!(html.matches(&format!("<h2 id=\"{id}\"")).count(), 1, "{id}");
        }
        for part in ["Conservation", "Insurance fund", "Bad debt", "Vault tokens"] {
            assert!(html.contains(part), "{part}");
        }
        let charts = report.assets.len() * 3 + report.traders.len() + 2;
        assert_eq!(html.matches("<figure").count(), charts);
        assert_eq!(html.contains(">SYNTHETIC<"), !empty);
        assert!(!html.contains("NaN") && !html.contains(">inf"));
        for tag in ["div", "section", "table", "tbody", "figure", "svg", "main", "header", "dl", "ul", "span"]
        {
            let open = html.matches(&format!("<{tag} ")).count() + html.matches(&format!("<{tag}>")).count();
            assert_eq!(open, html.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }
}

#[test]
fn text_stays_text() {
    let mut report = sample::report();
    let evil = "<script>alert('x')</script>\"&";
    report.title = evil.into();
    report.source = evil.into();
    report.notes = vec![evil.into()];
    report.assets[0].symbol = evil.into();
    report.compute[0].0 = evil.into();
    let t = &mut report.traders[0];
    (t.name, t.book, t.address) = (evil.into(), evil.into(), evil.into());
    let l = &mut report.liquidations[0];
    (l.account, l.address, l.leg) = (evil.into(), evil.into(), evil.into());
    (l.keeper, l.signature) = (evil.into(), evil.into());
    let html = render(&report);
    assert_eq!(html.matches("<script>").count(), 1);
    assert_eq!(html.matches("alert(").count(), html.matches("&lt;script&gt;alert(&#39;").count());
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
}

#[test]
fn a_long_run_stays_small() {
    let mut report = sample::large();
    assert!(render(&report).len() < 2_000_000, "{}", render(&report).len());
    assert!(render(&report).contains("and 1,500 more"));
    while report.traders.len() < 60 {
        report.traders.extend(report.traders.clone());
    }
    while report.assets.len() < 32 {
        report.assets.extend(report.assets.clone());
    }
    assert!(render(&report).len() < 2_000_000, "{}", render(&report).len());
}

#[test]
fn the_verdict_is_plain() {
    let mut report = sample::report();
    assert!(render(&report).contains("<b>Conservation OK</b>"));
    report.conservation.push((0, 7));
    assert!(render(&report).contains("<b>Conservation FAIL</b>"));
    report.conservation.clear();
    report.conservation_checks = 0;
    assert!(render(&report).contains("<b>Conservation NOT CHECKED</b>"));
}
