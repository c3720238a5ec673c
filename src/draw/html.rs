//! A page with the figure inside: one file, nothing fetched.

use super::svg::escaped;

pub(super) fn html(svg: &str, title: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>body{{margin:1rem;background:#fff}}figure{{margin:0}}svg{{max-width:100%;height:auto}}\
         .mark:hover{{opacity:.75}}</style>\n</head>\n<body>\n<figure>\n{svg}</figure>\n</body>\n</html>\n"
    )
}
