//! The codec interface: how vectors are stored for the walk, and compared. Every codec gives estimated distances,
//! lower is closer, comparable within one graph; the caller rescores the best with the true vectors.

use crate::product::{Codebook, ProductQuery};
use crate::{Config, Metric, NodeId};
use std::sync::Arc;
use vectron_kernels::{self as kernels, Arena, BitQuery, Int8Query, f16};

/// Bytes a component takes in the graph, and what is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantization {
    /// Four bytes: nothing is lost.
    Float,
    /// Two bytes: eleven bits of precision.
    Half,
    /// One byte, one scale a vector: the default.
    Int8,
    /// One bit: rescore many candidates.
    Binary,
    /// One byte for eight components, from a codebook that is trained on the first points.
    Product,
}

impl Quantization {
    pub const ALL: [Quantization; 5] = [Self::Float, Self::Half, Self::Int8, Self::Binary, Self::Product];

    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "none",
            Self::Half => "float16",
            Self::Int8 => "int8",
            Self::Binary => "binary",
            Self::Product => "product",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quantization| quantization.name() == name)
    }
}

/// A vector in the form that is compared with codes; of one graph.
#[derive(Debug, Clone)]
pub enum Query {
    Float(Vec<f32>),
    Int8(Int8Query),
    Binary(BitQuery),
    Product(ProductQuery),
}

pub struct Codes {
    dim: usize,
    euclidean: bool,
    kind: Kind,
}

enum Kind {
    /// Rows of the graph, or of the caller.
    Float(Option<Arc<Arena>>),
    Half,
    Int8,
    Binary,
    Product(Arc<Codebook>),
}

impl Codes {
    /// # Panics
    /// For product codes without a codebook.
    pub fn new(config: &Config, shared: Option<Arc<Arena>>, codebook: Option<Arc<Codebook>>) -> Self {
        let kind = match (config.quantization, codebook) {
            (Quantization::Float, _) => Kind::Float(shared),
            (Quantization::Half, _) => Kind::Half,
            (Quantization::Int8, _) => Kind::Int8,
            (Quantization::Binary, _) => Kind::Binary,
            (Quantization::Product, Some(codebook)) => Kind::Product(codebook),
            (Quantization::Product, None) => panic!("a product graph needs a codebook"),
        };
        Self { dim: config.dim, euclidean: config.metric == Metric::Euclidean, kind }
    }

    pub fn codebook(&self) -> Option<&Arc<Codebook>> {
        match &self.kind {
            Kind::Product(codebook) => Some(codebook),
            _ => None,
        }
    }

    /// Whether rows are the caller's.
    pub fn shared(&self) -> bool {
        matches!(self.kind, Kind::Float(Some(_)))
    }

    /// The bytes that say which vectors are equal here.
    pub fn code<'a>(&'a self, rows: &'a Arena, node: NodeId) -> &'a [u8] {
        self.shared_row(node).unwrap_or_else(|| rows.data(node))
    }

    /// The row of the caller's that is or will be the code of `node`; `None`: rows are the graph's own.
    pub fn shared_row(&self, node: NodeId) -> Option<&[u8]> {
        match &self.kind {
            Kind::Float(Some(shared)) => Some(&shared.data(node)[..self.dim * 4]),
            _ => None,
        }
    }

    /// Bytes of a code in the graph's own row.
    pub fn row_bytes(&self) -> usize {
        match &self.kind {
            Kind::Float(Some(_)) => 0,
            Kind::Float(None) => self.dim * 4,
            Kind::Half => self.dim * 2,
            Kind::Int8 => kernels::int8_row_bytes(self.dim),
            Kind::Binary => kernels::bit_row_bytes(self.dim),
            Kind::Product(codebook) => codebook.code_bytes(),
        }
    }

    /// Bytes held beside the rows.
    pub fn own_bytes(&self) -> usize {
        self.codebook().map_or(0, |codebook| codebook.memory_bytes())
    }

    pub fn query(&self, v: &[f32]) -> Query {
        match &self.kind {
            Kind::Float(_) | Kind::Half => Query::Float(v.to_vec()),
            Kind::Int8 => Query::Int8(Int8Query::new(v, self.euclidean)),
            Kind::Binary => Query::Binary(BitQuery::new(v, self.euclidean)),
            Kind::Product(codebook) => Query::Product(codebook.query(v, self.euclidean)),
        }
    }

    /// Writes the code of a vector, whose query is `query`.
    pub fn write_row(&self, v: &[f32], query: &Query, row: &mut [u8]) {
        match (&self.kind, query) {
            (Kind::Float(Some(_)), _) => {}
            (Kind::Float(None), _) => {
                row.as_chunks_mut::<4>().0.iter_mut().zip(v).for_each(|(to, x)| *to = x.to_ne_bytes());
            }
            (Kind::Half, _) => {
                let halves = v.iter().map(|x| f16::from_f32(*x).to_ne_bytes());
                row.as_chunks_mut::<2>().0.iter_mut().zip(halves).for_each(|(to, half)| *to = half);
            }
            (Kind::Int8, Query::Int8(query)) => query.write_row(self.dim, row),
            (Kind::Binary, _) => BitQuery::write_row(v, row),
            (Kind::Product(codebook), _) => codebook.encode(v, row),
            _ => unreachable!("queries are of this graph"),
        }
    }

    /// The query that a stored code is.
    pub fn query_of(&self, rows: &Arena, node: NodeId) -> Query {
        match &self.kind {
            Kind::Float(shared) => {
                Query::Float(shared.as_deref().unwrap_or(rows).floats(node)[..self.dim].to_vec())
            }
            Kind::Half => {
                Query::Float(kernels::f16_row(rows, node)[..self.dim].iter().map(|x| x.to_f32()).collect())
            }
            Kind::Int8 => Query::Int8(Int8Query::of_row(rows.data(node), self.dim, self.euclidean)),
            Kind::Binary => self.query(&kernels::decode_bit_row(rows.data(node), self.dim)),
            Kind::Product(codebook) => self.query(&codebook.decode(rows.data(node))),
        }
    }

    /// `out[i]` = distance to `nodes[i]`.
    #[inline]
    pub fn distances(&self, query: &Query, rows: &Arena, nodes: &[NodeId], out: &mut [f32]) {
        match (&self.kind, query) {
            (Kind::Int8, Query::Int8(query)) => query.distances(rows, nodes, out),
            (Kind::Float(shared), Query::Float(query)) => {
                let rows = shared.as_deref().unwrap_or(rows);
                if self.euclidean {
                    kernels::l2_squared_rows(query, rows, nodes, out);
                } else {
                    kernels::dot_rows(query, rows, nodes, out);
                    out.iter_mut().for_each(|dot| *dot = -*dot);
                }
            }
            (Kind::Half, Query::Float(query)) => {
                if self.euclidean {
                    kernels::l2_squared_f16_rows(query, rows, nodes, out);
                } else {
                    kernels::dot_f16_rows(query, rows, nodes, out);
                    out.iter_mut().for_each(|dot| *dot = -*dot);
                }
            }
            (Kind::Binary, Query::Binary(query)) => query.distances(rows, nodes, out),
            (Kind::Product(_), Query::Product(query)) => {
                nodes.iter().zip(out).for_each(|(&node, out)| *out = query.distance_to(rows.data(node)));
            }
            _ => unreachable!("queries are of this graph"),
        }
    }

    /// How far [`Codes::distance`] may be from the vectors' own; `None`: nothing useful is known.
    pub fn error(&self, query: &Query, rows: &Arena, node: NodeId) -> Option<f32> {
        match (&self.kind, query) {
            (Kind::Float(_), _) => Some(0.0),
            (Kind::Int8, Query::Int8(query)) => Some(query.error(rows.data(node))),
            _ => None,
        }
    }

    #[inline]
    pub fn distance(&self, query: &Query, rows: &Arena, node: NodeId) -> f32 {
        match (&self.kind, query) {
            (Kind::Int8, Query::Int8(query)) => query.distance_to(rows.data(node)),
            _ => {
                let mut out = [0.0];
                self.distances(query, rows, &[node], &mut out);
                out[0]
            }
        }
    }
}
