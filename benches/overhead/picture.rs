//! The table as bars.

use std::fmt::Write;

use crate::report::Row;

const ROW: usize = 20;
const LABELS: f64 = 330.0;
const BARS: f64 = 460.0;
const WIDTH: f64 = LABELS + BARS + 90.0;

/// Works on a light and on a dark page, also where it is an image and knows nothing of the page's own colours.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#24292f}.value{fill:#57606a}rect{fill:#0969da}.stack{fill:#8250df}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.value{fill:#9198a1}rect{fill:#4493f8}.stack{fill:#ab7df8}}";

pub(crate) fn svg(rows: &[Row]) -> String {
    let longest = rows.iter().map(|row| row.ns).fold(1.0, f64::max);
    let height = ROW * (rows.len() + 2);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>Nanoseconds that each layer adds to a request</title>\n<style>{STYLE}</style>\n\
         <text x=\"4\" y=\"16\">Nanoseconds that each layer adds to a request</text>\n"
    );
    for (row, y) in rows.iter().zip((ROW * 3 / 2..).step_by(ROW)) {
        let length = (row.ns.max(0.0) / longest * BARS).max(1.0);
        let class = if row.name == "stack" { " class=\"stack\"" } else { "" };
        let label = escaped(&format!("{}, {}", row.name, row.path));
        let base = y + 13;
        let _ = writeln!(
            svg,
            "<text x=\"4\" y=\"{base}\">{label}</text>\
             <rect{class} x=\"{LABELS}\" y=\"{}\" width=\"{length:.1}\" height=\"12\" rx=\"2\"/>\
             <text class=\"value\" x=\"{:.1}\" y=\"{base}\">{}</text>",
            y + 3,
            LABELS + length + 6.0,
            row.ns
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
