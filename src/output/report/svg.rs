//! A picture within a page: looked through, named apart, with a title and a description.

use std::fmt::Write;

use maud::{PreEscaped, Render};

use crate::error::Error;

/// Elements that a picture may have.
const ELEMENTS: [&str; 15] = [
    "svg", "g", "defs", "pattern", "clipPath", "title", "desc", "rect", "line", "polyline",
    "polygon", "path", "circle", "text", "tspan",
];

/// Attributes that say nothing here: what follows from the page, and what is so anyway.
const LEFT_OUT: [&str; 3] =
    [" role=\"img\"", " font-family=\"sans-serif\"", " xmlns=\"http://www.w3.org/2000/svg\""];

/// A picture, as it may stand in a page.
pub struct Picture {
    text: String,
    /// Where its data begin and end from the left, as it says itself.
    plot: [f64; 2],
}

impl Render for Picture {
    fn render_to(&self, buffer: &mut String) {
        PreEscaped(&self.text).render_to(buffer);
    }
}

impl Picture {
    /// Takes a picture over. `id` is a name of its own in the page; its ids begin with it.
    ///
    /// # Errors
    /// [`Error::Usage`] where it holds anything but shapes and texts.
    pub fn new(name: &str, svg: &str, id: &str, title: &str, desc: &str) -> Result<Self, Error> {
        let wrong = |what: &str| {
            Error::Usage(format!(
                "error: {name} holds {what}\n  = help: draw it again with keyscale"
            ))
        };
        let start = svg.find("<svg").ok_or_else(|| wrong("no picture"))?;
        let mut out = String::with_capacity(svg.len());
        let mut rest = &svg[start..];
        let mut skipping = None;
        let mut root = true;
        while let Some(open) = rest.find('<') {
            let (text, from) = rest.split_at(open);
            let end = from.find('>').ok_or_else(|| wrong("an element without an end"))?;
            let (tag, after) = from.split_at(end + 1);
            rest = after;
            let element = element(tag);
            if !ELEMENTS.contains(&element) {
                return Err(wrong(&format!("the element {element:?}")));
            }
            // The page has its own title and description.
            if element == "title" || element == "desc" {
                skipping = (!tag.starts_with("</")).then_some(());
                continue;
            }
            if skipping.is_some() {
                continue;
            }
            out.push_str(text.trim());
            if tag.contains(" on") || tag.contains("href") {
                return Err(wrong("something that acts or leads elsewhere"));
            }
            if tag == "</svg>" {
                out.push_str("<line class=\"cross\" x1=\"0\" x2=\"0\" y1=\"0\" y2=\"100%\" visibility=\"hidden\"/>");
            }
            let mut tag = tag.to_owned();
            LEFT_OUT.iter().for_each(|attribute| tag = tag.replace(attribute, ""));
            if tag.contains(" id=\"") || tag.contains("url(#") {
                tag = tag.replace(" id=\"", &format!(" id=\"{id}-"));
                tag = tag.replace("url(#", &format!("url(#{id}-"));
            }
            if std::mem::take(&mut root) {
                let labels = format!(" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">");
                tag.truncate(tag.len() - 1);
                tag.push_str(&labels);
                let [title, desc] = [title, desc].map(escaped);
                // A string takes any text.
                let _ = write!(tag, "<title id=\"{id}-title\">{title}</title>");
                let _ = write!(tag, "<desc id=\"{id}-desc\">{desc}</desc>");
            }
            out.push_str(&tag);
        }
        Ok(Self { text: out, plot: plot(svg).ok_or_else(|| wrong("no place for data"))? })
    }

    /// Where its data begin and end, in pixels from the left.
    pub fn plot(&self) -> [f64; 2] {
        self.plot
    }
}

/// What a picture says of where its data are.
fn plot(svg: &str) -> Option<[f64; 2]> {
    let (_, after) = svg.split_once(" data-plot=\"")?;
    let (left, right) = after.split('"').next()?.split_once(' ')?;
    Some([left.parse().ok()?, right.parse().ok()?])
}

/// The name of a tag's element.
fn element(tag: &str) -> &str {
    let name = tag.trim_start_matches(['<', '/']);
    name.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default()
}

/// A text within an element.
fn escaped(text: &str) -> String {
    maud::html! { (text.replace(char::is_control, " ")) }.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(body: &str) -> Result<String, Error> {
        let svg = format!(
            "<?xml?><svg xmlns=\"http://www.w3.org/2000/svg\" data-plot=\"78 810\">{body}</svg>"
        );
        Picture::new("a.svg", &svg, "a", "A & B", "<c>").map(|p| p.text)
    }

    #[test]
    fn a_picture_is_named_apart() {
        let body = "<title>old</title><defs><pattern id=\"x\"/></defs>\
            <rect fill=\"url(#x)\"/><text>\na &lt; b\n</text>";
        assert_eq!(
            taken(body).expect("a picture"),
            "<svg data-plot=\"78 810\" role=\"img\" aria-labelledby=\"a-title a-desc\"><title id=\"a-title\">A &amp; B\
             </title><desc id=\"a-desc\">&lt;c&gt;</desc><defs><pattern id=\"a-x\"/></defs>\
             <rect fill=\"url(#a-x)\"/><text>a &lt; b</text><line class=\"cross\" x1=\"0\" \
             x2=\"0\" y1=\"0\" y2=\"100%\" visibility=\"hidden\"/></svg>"
        );
    }

    #[test]
    fn a_picture_holds_nothing_that_acts() {
        for body in ["<script>1</script>", "<a>1</a>", "<rect onload=\"1\"/>", "<text href=\"#\">"]
        {
            assert!(matches!(taken(body), Err(Error::Usage(_))), "{body}");
        }
        assert!(Picture::new("a.svg", "nothing", "a", "", "").is_err());
    }
}
