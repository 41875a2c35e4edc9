//! The report as one HTML page that needs nothing but itself.
use super::BacktestReport;
pub fn render(_r: &BacktestReport) -> String {
    String::new()
}
