//! `keyscale chart`: the pictures of a folder of results, drawn again from its tables.

use std::fs;
use std::path::{Path, PathBuf};

use super::args::{Chart, ChartForm, ChartSize, ChartTheme};
use super::console::Console;
use crate::error::{Error, exit};
use crate::output::chart::{self, Form, Look, Picture, Size, Theme};
use crate::output::{check_tables, report, write_whole};

/// Draws pictures; the exit code.
pub(super) fn chart(asked: &Chart, console: &mut Console<'_>) -> u8 {
    match draw(asked, console) {
        Ok(()) => exit::OK,
        Err(error) => {
            console.err(&format!("{error}\n"));
            error.exit_code()
        }
    }
}

fn draw(asked: &Chart, console: &mut Console<'_>) -> Result<(), Error> {
    let path = asked.folder.as_path();
    let (pictures, beside) = match path.is_dir() {
        true => (of_folder(path)?, path),
        false => (of_table(path)?, path.parent().unwrap_or(Path::new(""))),
    };
    let out = asked.out.as_deref().unwrap_or(beside);
    fs::create_dir_all(out)
        .map_err(|error| Error::Outside(format!("create {}", out.display()), error))?;
    for picture in wanted(&pictures, &asked.only)? {
        for form in forms(asked.format) {
            let (name, bytes) = picture.file(look(asked), *form)?;
            let path: PathBuf = out.join(name);
            write_whole(&path, &bytes)?;
            if !asked.quiet {
                console.out(format!("{}\n", path.display()));
            }
        }
    }
    // The page holds the pictures as they usually look.
    let usual = look(asked) == Look::default() && asked.format != Some(ChartForm::Png);
    if path.is_dir() && out == path && usual && asked.only.is_empty() {
        let page = path.join(report::NAME);
        write_whole(&page, &report::of_folder(path)?)?;
        if !asked.quiet {
            console.out(format!("{}\n", page.display()));
        }
    }
    Ok(())
}

/// The pictures of a folder that keyscale wrote and nobody changed.
fn of_folder(folder: &Path) -> Result<Vec<Picture>, Error> {
    check_tables(folder, || chart::of_folder(folder))
}

/// The pictures of a table by itself.
fn of_table(path: &Path) -> Result<Vec<Picture>, Error> {
    chart::of_table(path)?.ok_or_else(|| {
        Error::Usage(format!(
            "error: {} is no table that is drawn by itself\n  \
             = help: name a folder of results, as results/runs/demo",
            path.display()
        ))
    })
}

/// Those that were asked for by name, or all.
fn wanted<'p>(pictures: &'p [Picture], only: &[String]) -> Result<Vec<&'p Picture>, Error> {
    if only.is_empty() {
        return Ok(pictures.iter().collect());
    }
    let find = |name: &String| {
        pictures.iter().find(|picture| picture.name == *name).ok_or_else(|| {
            let names: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
            Error::Usage(format!(
                "error: there is no picture {name}\n  = help: there are {}",
                names.join(", ")
            ))
        })
    };
    only.iter().map(find).collect()
}

fn look(asked: &Chart) -> Look {
    let theme = match asked.theme {
        ChartTheme::Light => Theme::Light,
        ChartTheme::Dark => Theme::Dark,
    };
    let size = match asked.size {
        ChartSize::Report => Size::Report,
        ChartSize::Slide => Size::Slide,
        ChartSize::Thumbnail => Size::Thumbnail,
    };
    Look { theme, size }
}

fn forms(asked: Option<ChartForm>) -> &'static [Form] {
    match asked {
        None => &Form::ALL,
        Some(ChartForm::Svg) => &[Form::Svg],
        Some(ChartForm::Png) => &[Form::Png],
    }
}
