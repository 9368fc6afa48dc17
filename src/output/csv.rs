//! Tables as CSV: facts out through the column tables, and columns back in by name for charts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use super::folder::{Hashed, outside};
use crate::error::Error;
use crate::record::Value;
use crate::record::columns::Column;

/// Bytes gathered before they are hashed and written.
const BUFFER: usize = 1 << 16;

/// A table that is being written, row by row.
pub(super) struct Rows<G: 'static> {
    columns: &'static [Column<G>],
    writer: csv::Writer<Hashed>,
    cell: Vec<u8>,
}

impl<G> Rows<G> {
    /// Begins a table in a file with the columns' names.
    pub(super) fn new(columns: &'static [Column<G>], file: Hashed) -> io::Result<Self> {
        Self::with(&[], columns, file)
    }

    /// Begins a table that has other columns before its own.
    pub(super) fn with(
        others: &[&str],
        columns: &'static [Column<G>],
        file: Hashed,
    ) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new().buffer_capacity(BUFFER).from_writer(file);
        writer.write_record(others.iter().copied().chain(columns.iter().map(|c| c.name)))?;
        Ok(Self { columns, writer, cell: Vec::new() })
    }

    /// Writes a row; `read` gives the value of a getter.
    pub(super) fn row<'r>(&mut self, read: impl Fn(&G) -> Value<'r>) -> io::Result<()> {
        self.row_after([], read)
    }

    /// Writes a row whose first cells are those of the other columns.
    pub(super) fn row_after<'r, const N: usize>(
        &mut self,
        others: [Value<'r>; N],
        read: impl Fn(&G) -> Value<'r>,
    ) -> io::Result<()> {
        let columns = self.columns;
        self.cells(others.into_iter().chain(columns.iter().map(|column| read(&column.get))))
    }

    /// Writes a row of these cells.
    pub(super) fn cells<'r>(
        &mut self,
        cells: impl IntoIterator<Item = Value<'r>>,
    ) -> io::Result<()> {
        for value in cells {
            if let Value::Text(text) = value {
                self.writer.write_field(text)?;
                continue;
            }
            self.cell.clear();
            value.put(&mut self.cell);
            self.writer.write_field(&self.cell)?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// The file, with everything written.
    pub(super) fn into_file(self) -> io::Result<Hashed> {
        self.writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        self.writer.get_ref().path()
    }
}

/// A small table in memory, with a header.
pub(super) fn whole_table<'r, const N: usize>(
    columns: &[&str; N],
    rows: impl Iterator<Item = [Value<'r>; N]>,
) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // A vector takes everything.
    let _ = writer.write_record(columns);
    for row in rows {
        let printed = row.map(|cell| {
            let mut out = Vec::new();
            cell.put(&mut out);
            out
        });
        let _ = writer.write_record(printed);
    }
    writer.into_inner().unwrap_or_default()
}

/// A table read back: columns of numbers and of names, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    rows: usize,
    numbers: BTreeMap<String, Vec<f64>>,
    texts: BTreeMap<String, Vec<String>>,
}

impl Table {
    /// Reads a file: the columns of `texts` are names, those of `numbers` are numbers, and no
    /// others are looked at. `keep` chooses rows by the cells of `texts`, in that order.
    ///
    /// # Errors
    /// [`Error::Outside`] where the file can't be read, [`Error::Usage`] with file and line where
    /// it is no such table.
    pub fn open(
        path: &Path,
        texts: &[&str],
        numbers: &[&str],
        keep: impl FnMut(&[&str]) -> bool,
    ) -> Result<Self, Error> {
        let file = File::open(path).map_err(outside("read", path))?;
        Self::read(file, texts, numbers, keep).map_err(|fault| fault.of(path))
    }

    /// Reads these columns of numbers of a table in memory.
    ///
    /// # Errors
    /// [`Error::Usage`] where it is no such table.
    pub(super) fn read_bytes(bytes: &[u8], numbers: &[&str]) -> Result<Self, Error> {
        Self::read(bytes, &[], numbers, |_| true).map_err(|fault| match fault {
            Fault::Outside(error) => Error::Outside("a table can't be read".to_owned(), error),
            Fault::Table(text) => Error::Usage(format!("error: {text}")),
        })
    }

    /// Reads a table, as [`Table::open`] does.
    pub(super) fn read(
        source: impl io::Read,
        texts: &[&str],
        numbers: &[&str],
        mut keep: impl FnMut(&[&str]) -> bool,
    ) -> Result<Self, Fault> {
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(BUFFER).from_reader(source);
        let header = reader.headers()?.clone();
        let place = |name: &&str| {
            let missing = || Fault::Table(format!("there is no column {name}"));
            header.iter().position(|h| h == *name).ok_or_else(missing)
        };
        let named: Vec<usize> = texts.iter().map(place).collect::<Result<_, _>>()?;
        let place = |name: &&str| header.iter().position(|h| h == *name);
        let numbered: Vec<usize> = numbers.iter().filter_map(place).collect();
        let mut text_cells = vec![Vec::new(); named.len()];
        let mut number_cells = vec![Vec::new(); numbered.len()];
        let (mut record, mut rows) = (csv::StringRecord::new(), 0);
        while reader.read_record(&mut record)? {
            let cells: Vec<&str> = named.iter().map(|&i| &record[i]).collect();
            if !keep(&cells) {
                continue;
            }
            rows += 1;
            for (kept, cell) in text_cells.iter_mut().zip(cells) {
                kept.push(cell.to_owned());
            }
            for (kept, &i) in number_cells.iter_mut().zip(&numbered) {
                kept.push(number(&record[i]).ok_or_else(|| {
                    let line = record.position().map_or(0, csv::Position::line);
                    let (column, cell) = (&header[i], &record[i]);
                    Fault::Table(format!(
                        "line {line}, column {column}: expected a number, found {cell:?}"
                    ))
                })?);
            }
        }
        let by_name = |i: &usize| header[*i].to_owned();
        let mut read: BTreeMap<String, Vec<f64>> =
            numbered.iter().map(by_name).zip(number_cells).collect();
        for name in numbers {
            read.entry((*name).to_owned()).or_insert_with(|| vec![f64::NAN; rows]);
        }
        let texts = named.iter().map(by_name).zip(text_cells).collect();
        Ok(Self { rows, numbers: read, texts })
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A column of numbers that was read, not-a-number where the cell is empty; no number in all
    /// rows where the file has no such column, so that tables of other versions can be drawn.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        debug_assert!(self.numbers.contains_key(name), "column {name} was not asked for");
        self.numbers.get(name).cloned().unwrap_or_else(|| vec![f64::NAN; self.rows])
    }

    /// The table without its other columns.
    pub fn only(&self, name: &str) -> Self {
        let column = self.numbers.get_key_value(name).map(|(n, cells)| (n.clone(), cells.clone()));
        Self { rows: self.rows, numbers: column.into_iter().collect(), ..Self::default() }
    }

    /// A column of names.
    pub fn texts(&self, name: &str) -> &[String] {
        self.texts.get(name).map_or(&[], Vec::as_slice)
    }
}

/// The names of the columns of a file.
///
/// # Errors
/// See [`Table::open`].
pub fn header(path: &Path) -> Result<Vec<String>, Error> {
    let file = File::open(path).map_err(outside("read", path))?;
    let read = |file| -> Result<Vec<String>, Fault> {
        let mut reader = csv::Reader::from_reader(file);
        Ok(reader.headers()?.iter().map(str::to_owned).collect())
    };
    read(file).map_err(|fault| fault.of(path))
}

/// A cell as a number; an empty one is not a number.
fn number(cell: &str) -> Option<f64> {
    match cell {
        "" => Some(f64::NAN),
        _ => cell.parse().ok().filter(|n: &f64| n.is_finite()),
    }
}

/// Why a table could not be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file could not.
    Outside(io::Error),
    /// It is no such table.
    Table(String),
}

impl Fault {
    /// The error of a file.
    fn of(self, path: &Path) -> Error {
        match self {
            Self::Outside(error) => outside("read", path)(error),
            Self::Table(text) => Error::Usage(format!("error: {}: {text}", path.display())),
        }
    }
}

impl From<csv::Error> for Fault {
    fn from(error: csv::Error) -> Self {
        match error.is_io_error() {
            true => Self::Outside(error.into()),
            false => Self::Table(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "t_s,service,pending,latency_s_p50\n-1,web,2,\n0,\"a,\"\"b\",3,0.25\n";

    #[test]
    fn columns_come_back_by_name() {
        let numbers = ["t_s", "pending", "latency_s_p50", "retries"];
        let table = Table::read(TEXT.as_bytes(), &["service"], &numbers, |_| true);
        let table = table.expect("a table");
        assert_eq!(table.len(), 2);
        assert_eq!(table.numbers("t_s"), [-1.0, 0.0]);
        assert_eq!(table.texts("service"), ["web", "a,\"b"]);
        let p50 = table.numbers("latency_s_p50");
        assert!(p50[0].is_nan() && p50[1] == 0.25);
        assert!(table.numbers("retries").iter().all(|n| n.is_nan()), "a column of later versions");
        let web = Table::read(TEXT.as_bytes(), &["service"], &["pending"], |c| c == ["web"]);
        assert_eq!(web.expect("a table").numbers("pending"), [2.0]);
        // What is not asked for may hold anything.
        assert!(Table::read(TEXT.as_bytes(), &[], &["pending"], |_| true).is_ok());
    }

    #[test]
    fn faults_are_located() {
        let check = |text: &str, expected: &str| match Table::read(
            text.as_bytes(),
            &["service"],
            &["t_s"],
            |_| true,
        ) {
            Err(Fault::Table(said)) => assert!(said.contains(expected), "{said}"),
            other => panic!("{text:?}: {other:?}"),
        };
        check("t_s,pending\n0,1\n", "there is no column service");
        check("t_s,service\n0,web\nsoon,web\n", "line 3, column t_s");
        check("t_s,service\n0,web,7\n", "3 fields");
        check("t_s,service\ninf,web\n", "expected a number");
    }
}
