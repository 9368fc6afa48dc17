//! Keys of a sweep: one scenario, many settings.

use super::*;

/// The keys of the file.
pub(in crate::scenario) static ROWS: &[Row] = rows! {
    "name" Kind::Name(Alphabet::Folder), derived("the file's name without its ending", "a file has one"), "its name, and its folder's";
    "question" Kind::Text, default("''", "nothing is asked, where the file says nothing"), "what it asks, in a sentence";
    "scenario" Kind::Path, required("scenario = \"shop.toml\""), "the scenario whose settings change, relative to this file's folder";
    "set" Kind::List, default("[]", "the scenario is as it is, where the file says nothing"), "values put in the place of the scenario's in every cell; a path in them is relative to this file's folder";
    "set.#" Kind::Text, Presence::Element, "KEY=VALUE, as after --set";
    "replications" count(2, 1_000_000), optional("as many as it takes to know every metric with a threshold; 20 without thresholds"), "replications of each cell";
    "target" ratio(0.01, 0.999), default("0.9", "Assumption: 35 runs that all meet their thresholds are enough to say that 90 % do (Wilson)"), "share of runs that is to meet the thresholds";
    "metrics" Kind::List, optional("failed_ratio, and the metrics with thresholds"), "what is told of each cell";
    "metrics.#" Kind::Text, Presence::Element, "a column of the summary, with its unit or without; services.NAME.COLUMN for that of a service";
    "axis" Kind::List, required("[[axis]]"), "what changes from cell to cell: every value of each axis is tried with every value of the others";
    "axis.#" Kind::Table, Presence::Element, "one axis";
    "axis.#.name" Kind::Name(Alphabet::Plain), derived("the last part of the key", "it is what people call it"), "its name: the column of the table";
    "axis.#.key" Kind::Text, Variant, "the scenario's key, as after --set";
    "axis.#.keys" Kind::List, Variant, "several keys that change together";
    "axis.#.keys.#" Kind::Text, Presence::Element, "a key, as after --set";
    "axis.#.values" Kind::List, Presence::Group("values"), "the values in turn; of several keys each is a list with one for each key, or one for all";
    "axis.#.values.#" Kind::Value, Presence::Element, "a value";
    "axis.#.from" Kind::Value, Presence::Group("from and to"), "the first value: a number, or a text with unit";
    "axis.#.to" Kind::Value, Presence::Group("from and to"), "no value is beyond it";
    "axis.#.step" Kind::Value, optional("see count"), "the distance of two values";
    "axis.#.count" count(1, 10_000), optional("see step"), "how many values there are, both ends among them";
    "axis.#.scale" Kind::Choice(&["linear", "log"]), default("'linear'", "the plain meaning of a range"), "whether values of a count have the same distance or the same ratio";
    "axis.#.labels" Kind::List, optional("the values themselves"), "what the values are called in tables and charts";
    "axis.#.labels.#" Kind::Text, Presence::Element, "what a value is called";
};
