//! Ways of asking: what a request may say about recall, and the plan where it is forced.

use crate::filters::Share;
use crate::queries::Origin;
use vectron_shard::{Nearest, Plan};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    /// Neither `ef` nor `recall`.
    Default,
    Recall(f32),
    Ef(usize),
}

/// One column of the table: a way of asking for the `k` nearest of a share of the points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ask {
    pub origin: Origin,
    pub k: usize,
    pub way: Way,
    pub share: Share,
    pub plan: Option<Plan>,
    /// When it is asked; empty: once the shard has seen queries.
    pub when: &'static str,
}

impl Ask {
    pub fn nearest(&self) -> Nearest {
        let (ef, recall) = match self.way {
            Way::Default => (0, 0.0),
            Way::Recall(recall) => (0, recall),
            Way::Ef(ef) => (ef, 0.0),
        };
        Nearest { ef, recall, plan: self.plan, ..Nearest::new(self.k) }
    }

    pub fn asked(&self) -> Option<f64> {
        match self.way {
            Way::Recall(recall) => Some(f64::from(recall)),
            _ => None,
        }
    }

    pub fn name(&self) -> String {
        let way = match self.way {
            Way::Default => "default".into(),
            Way::Recall(recall) => format!("recall {recall}"),
            Way::Ef(ef) => format!("ef {ef}"),
        };
        let plan = match self.plan {
            None => "",
            Some(Plan::Scan) => ", scan forced",
            Some(Plan::ScanCodes) => ", scan_codes forced",
            Some(Plan::PostFilter(_)) => ", post_filter forced",
            Some(Plan::Walk) => ", walk forced",
        };
        let when = if self.when.is_empty() { String::new() } else { format!(", {}", self.when) };
        format!("{}, k {}, {}, {way}{plan}{when}", self.origin.name(), self.k, self.share.name())
    }
}

const WAYS: [Way; 9] = [
    Way::Default,
    Way::Recall(0.8),
    Way::Recall(0.9),
    Way::Recall(0.95),
    Way::Recall(0.98),
    Way::Recall(0.99),
    Way::Ef(50),
    Way::Ef(200),
    Way::Ef(1000),
];
/// Those of a cell with a filter, which has more of them.
const FILTERED_WAYS: [Way; 3] = [Way::Default, Way::Recall(0.95), Way::Recall(0.99)];
/// Coprime to the numbers of ways and of k, so that all are met.
const ONE_IN: usize = 11;
const PLANS: [Plan; 3] = [Plan::ScanCodes, Plan::PostFilter(200), Plan::Walk];

/// Without filter, k 10.
fn plain(origin: Origin, ways: &[Way], when: &'static str) -> Vec<Ask> {
    let ask = |way: &Way| Ask { origin, k: 10, way: *way, share: Share::All, plan: None, when };
    ways.iter().map(ask).collect()
}

/// What is asked before the shard knows any query.
pub fn cold(origin: Origin) -> Vec<Ask> {
    plain(origin, &[Way::Default, Way::Recall(0.95), Way::Recall(0.99), Way::Ef(1000)], "cold")
}

/// What is asked while the data changes.
pub fn changing(when: &'static str) -> Vec<Ask> {
    plain(Origin::Fresh, &[Way::Default, Way::Recall(0.95), Way::Recall(0.99)], when)
}

/// What is asked once the shard has seen queries: every cell there is.
pub fn warm(origin: Origin) -> Vec<Ask> {
    let ask = |k, way, share, plan| Ask { origin, k, way, share, plan, when: "" };
    if origin == Origin::Stored {
        let ways = [Way::Default, Way::Recall(0.95), Way::Ef(1000)];
        return ways.map(|way| ask(1, way, Share::All, None)).to_vec();
    }
    let mut asks = Vec::new();
    for k in [1, 10, 100] {
        asks.extend(WAYS.map(|way| ask(k, way, Share::All, None)));
    }
    for share in [1, 10, 100, 500, 900] {
        for share in [Share::Random(share), Share::Own(share), Share::Other(share)] {
            for k in [1, 10, 100] {
                asks.extend(FILTERED_WAYS.map(|way| ask(k, way, share, None)));
            }
        }
    }
    for share in [Share::Random(100), Share::Own(500), Share::Other(500)] {
        for way in [Way::Default, Way::Recall(0.95), Way::Ef(200)] {
            asks.extend(PLANS.map(|plan| ask(10, way, share, Some(plan))));
        }
    }
    asks
}

/// Of all cells those that every data set is asked, and one in [`ONE_IN`] of the others: another one for each `row`.
pub fn short(asks: Vec<Ask>, row: usize) -> Vec<Ask> {
    let always = |ask: &Ask| {
        let usual = matches!(ask.way, Way::Default | Way::Recall(0.95));
        ask.origin == Origin::Stored || (ask.share == Share::All && usual && ask.k <= 10)
    };
    let kept = |(at, ask): &(usize, Ask)| always(ask) || (at + row).is_multiple_of(ONE_IN);
    asks.into_iter().enumerate().filter(kept).map(|(_, ask)| ask).collect()
}
