//! Pages in the dark: the colours of a page and those of the pictures in it, which have a class for
//! each colour, so that no second picture is needed.

use crate::output::chart::{Theme, style};

/// The rules. Paper stays light.
pub fn rules() -> String {
    format!(
        "@media screen and (prefers-color-scheme:dark){{\
         :root{{--ink:#E8E8E8;--soft:#A8A8A8;--back:#16181C;--line:#3A3A3A;--band:#222222;\
         --good:#4CC9A0;--bad:#F08A4B;--unclear:#E6BC4C;--link:#7CC0EE}}{}}}",
        style(Theme::Dark)
    )
}
