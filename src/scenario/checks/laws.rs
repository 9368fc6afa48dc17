//! Laws of durations.

use super::Checks;
use crate::scenario::sample::unit_of;
use crate::scenario::tree::Node;

impl Checks<'_> {
    pub(super) fn law(&mut self, law: &Node) {
        self.ordered(law, "lognormal.median", "lognormal.p99", Node::duration);
        self.ordered(law, "uniform.min", "uniform.max", Node::duration);
        self.ordered(law, "pareto.min", "pareto.cap", Node::duration);
        if let Some(empirical) = law.get("empirical")
            && let Some(column) = empirical.get("column").filter(|_| unit_of(empirical).is_none())
        {
            let label = "nothing says what one in it is";
            let finding = self.found.error("the column has no unit", &column.place, label);
            finding.help("say it beside the column, as in unit = \"ms\", or name it duration_ms");
        }
        let Some(mixture) = law.get("mixture") else { return };
        let weights = mixture.items().iter().map(|part| part.get("weight")?.number());
        // A weight that can't be read is somebody else's to tell.
        let whole: Option<f64> = weights.sum();
        if whole == Some(0.0) {
            let title = "the mixture has no law of any weight";
            let finding = self.found.error(title, &mixture.place, "the weights sum to nothing");
            finding.help("for example { weight = 9, exponential = { mean = \"100ms\" } }");
        }
        mixture.items().iter().for_each(|part| self.law(part));
    }
}
