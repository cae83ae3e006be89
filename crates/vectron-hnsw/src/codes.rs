//! The codec interface: how vectors are stored for the walk, and compared. Every codec gives estimated distances,
//! lower is closer, comparable within one graph; the caller rescores the best with the true vectors.

use crate::product::{Codebook, ProductQuery};
use crate::{Config, Metric, NodeId};
use std::sync::Arc;
use vectron_kernels::{self as kernels, Arena, BitCodec, BitQuery, Int8Codec, Int8Query, f16};

/// Vectors whose median is the centre of the codes: enough that its own error does not count.
const CENTRE_OF: usize = 256;
/// Standard deviation of rounding to halves, as a share of the number that is rounded: a step is up to 2^-10 of it.
const HALF_ROUNDING: f32 = 2.8e-4;

/// Bytes a component takes in the graph, and what is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantization {
    /// Four bytes: nothing is lost.
    Float,
    /// Two bytes: eleven bits of precision, of the difference from the centre of the data.
    Half,
    /// One byte, around the centre of the data, one step a vector: the default.
    Int8,
    /// One bit, around the centre of the data, after a rotation.
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

    /// Vectors from which the codes of a graph are trained; 0: they need none.
    pub fn training(self) -> usize {
        match self {
            Self::Float => 0,
            Self::Half | Self::Int8 | Self::Binary => CENTRE_OF,
            Self::Product => Codebook::TRAINING,
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
    /// Less the centre, and its length.
    Half(Vec<f32>, f32),
    Int8(Int8Query),
    Binary(BitQuery),
    Product(ProductQuery),
}

/// The codec of one graph, with what it was trained to.
#[derive(Clone)]
pub struct Codes {
    dim: usize,
    metric: Metric,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// Rows of the graph, or of the caller.
    Float(Option<Arc<Arena>>),
    /// The centre; zero for inner products.
    Half(Arc<[f32]>),
    Int8(Arc<Int8Codec>),
    Binary(Arc<BitCodec>),
    Product(Arc<Codebook>),
}

impl Codes {
    /// Of float vectors, which are the caller's when `shared`.
    pub fn floats(config: &Config, shared: Option<Arc<Arena>>) -> Self {
        Self { dim: config.dim, metric: config.metric, kind: Kind::Float(shared) }
    }

    /// Codes of the difference from `centre`, which has `dim` components.
    ///
    /// # Panics
    /// For product codes, which have no centre.
    pub fn around(config: &Config, mut centre: Vec<f32>) -> Self {
        let euclidean = config.metric == Metric::Euclidean;
        let kind = match config.quantization {
            Quantization::Float => Kind::Float(None),
            Quantization::Half => {
                // A distance that is no distance of points does not stay the same when all of them are moved.
                if config.metric == Metric::Dot {
                    centre.fill(0.0);
                }
                Kind::Half(centre.into())
            }
            Quantization::Int8 => {
                let distance = match config.metric {
                    Metric::Euclidean => kernels::Distance::Euclidean,
                    Metric::Cosine => kernels::Distance::Cosine,
                    Metric::Dot => kernels::Distance::Dot,
                };
                Kind::Int8(Arc::new(Int8Codec::new(centre, distance)))
            }
            Quantization::Binary => Kind::Binary(Arc::new(BitCodec::new(centre, euclidean))),
            Quantization::Product => panic!("product codes have a codebook, not a centre"),
        };
        Self { dim: config.dim, metric: config.metric, kind }
    }

    /// Trained on `count` vectors. The same vectors in the same order give the same codes.
    pub fn train<'a>(config: &Config, vectors: impl Fn(usize) -> &'a [f32], count: usize) -> Self {
        if config.quantization == Quantization::Product {
            return Self::of_book(config, Codebook::train(config.dim, vectors, count));
        }
        // The median of each component: a few vectors far away do not move it, and of components that are mostly equal it is
        // their value, so that codes lose nothing of it.
        let mut values = Vec::with_capacity(count);
        let median = |at: usize| {
            values.clear();
            values.extend((0..count).map(|i| vectors(i)[at]));
            match values.len() {
                0 => 0.0,
                some => *values.select_nth_unstable_by(some / 2, f32::total_cmp).1,
            }
        };
        Self::around(config, (0..config.dim).map(median).collect())
    }

    fn of_book(config: &Config, book: Codebook) -> Self {
        Self { dim: config.dim, metric: config.metric, kind: Kind::Product(Arc::new(book)) }
    }

    /// The same codes over other rows of the caller's, where they are shared.
    pub fn with_rows(&self, shared: Option<Arc<Arena>>) -> Self {
        match &self.kind {
            Kind::Float(_) => Self { kind: Kind::Float(shared), ..self.clone() },
            _ => self.clone(),
        }
    }

    /// What training gave, little-endian; the counterpart of [`Codes::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let floats = |floats: &[f32]| floats.iter().flat_map(|x| x.to_le_bytes()).collect();
        match &self.kind {
            Kind::Float(_) => Vec::new(),
            Kind::Half(centre) => floats(centre),
            Kind::Int8(codec) => floats(codec.centre()),
            Kind::Binary(codec) => floats(codec.centre()),
            Kind::Product(book) => floats(book.centroids()),
        }
    }

    /// `None` when the length or a value is wrong.
    pub fn from_bytes(config: &Config, bytes: &[u8]) -> Option<Self> {
        let (floats, rest) = bytes.as_chunks::<4>();
        let floats: Vec<f32> = floats.iter().map(|four| f32::from_le_bytes(*four)).collect();
        if !rest.is_empty() || floats.iter().any(|x| !x.is_finite()) {
            return None;
        }
        match config.quantization {
            Quantization::Float => floats.is_empty().then(|| Self::floats(config, None)),
            Quantization::Product => Some(Self::of_book(config, Codebook::of_centroids(config.dim, floats)?)),
            _ => (floats.len() == config.dim).then(|| Self::around(config, floats)),
        }
    }

    /// Whether rows are the caller's.
    pub fn shared(&self) -> bool {
        matches!(self.kind, Kind::Float(Some(_)))
    }

    /// The bytes that say which vectors are equal here.
    pub fn code<'a>(&'a self, rows: &'a Arena, node: NodeId) -> &'a [u8] {
        self.deciding(self.shared_row(node).unwrap_or_else(|| rows.data(node)))
    }

    /// The part of a row that distances depend on: behind it is what says how wrong they are.
    pub fn deciding<'a>(&self, row: &'a [u8]) -> &'a [u8] {
        match &self.kind {
            Kind::Float(_) | Kind::Half(_) => row,
            Kind::Int8(codec) => &row[..codec.deciding_bytes()],
            Kind::Binary(codec) => &row[..codec.deciding_bytes()],
            Kind::Product(book) => &row[..book.parts()],
        }
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
            Kind::Half(_) => self.dim * 2,
            Kind::Int8(codec) => codec.row_bytes(),
            Kind::Binary(codec) => codec.row_bytes(),
            Kind::Product(book) => book.row_bytes(),
        }
    }

    /// Bytes held beside the rows.
    pub fn own_bytes(&self) -> usize {
        match &self.kind {
            Kind::Product(book) => book.centroids().len() * 4,
            _ => 0,
        }
    }

    fn euclidean(&self) -> bool {
        self.metric == Metric::Euclidean
    }

    pub fn query(&self, v: &[f32]) -> Query {
        match &self.kind {
            Kind::Float(_) => Query::Float(v.to_vec()),
            Kind::Half(centre) => half_query(v.iter().zip(centre.iter()).map(|(x, c)| x - c).collect()),
            Kind::Int8(codec) => Query::Int8(codec.query(v)),
            Kind::Binary(codec) => Query::Binary(codec.query(v)),
            Kind::Product(book) => Query::Product(book.query(v, self.euclidean())),
        }
    }

    /// Writes the code of a vector, whose query is `query`.
    pub fn write_row(&self, v: &[f32], query: &Query, row: &mut [u8]) {
        match (&self.kind, query) {
            (Kind::Float(Some(_)), _) => {}
            (Kind::Float(None), _) => {
                row.as_chunks_mut::<4>().0.iter_mut().zip(v).for_each(|(to, x)| *to = x.to_ne_bytes());
            }
            (Kind::Half(_), Query::Half(left, _)) => {
                let halves = left.iter().map(|x| f16::from_f32(*x).to_ne_bytes());
                row.as_chunks_mut::<2>().0.iter_mut().zip(halves).for_each(|(to, half)| *to = half);
            }
            (Kind::Int8(codec), Query::Int8(query)) => codec.write_row(query, row),
            (Kind::Binary(codec), _) => codec.write_row(v, row),
            (Kind::Product(book), _) => book.write_row(v, row),
            _ => unreachable!("queries are of this graph"),
        }
    }

    /// The query that a stored code is, for a walk.
    pub fn query_of(&self, rows: &Arena, node: NodeId) -> Query {
        match &self.kind {
            Kind::Float(shared) => {
                Query::Float(shared.as_deref().unwrap_or(rows).floats(node)[..self.dim].to_vec())
            }
            Kind::Half(_) => {
                half_query(kernels::f16_row(rows, node)[..self.dim].iter().map(|x| x.to_f32()).collect())
            }
            Kind::Int8(codec) => Query::Int8(codec.query_of(rows.data(node))),
            Kind::Binary(codec) => Query::Binary(codec.query_of(rows.data(node))),
            Kind::Product(book) => {
                Query::Product(book.query(&book.decode(rows.data(node)), self.euclidean()))
            }
        }
    }

    /// The same for some dozens of comparisons: cheaper to make.
    pub fn brief_query_of(&self, rows: &Arena, node: NodeId) -> Query {
        match &self.kind {
            Kind::Product(book) => {
                Query::Product(book.brief_query(&book.decode(rows.data(node)), self.euclidean()))
            }
            _ => self.query_of(rows, node),
        }
    }

    /// `out[i]` = distance to `nodes[i]`.
    #[inline]
    pub fn distances(&self, query: &Query, rows: &Arena, nodes: &[NodeId], out: &mut [f32]) {
        match (&self.kind, query) {
            (Kind::Int8(_), Query::Int8(query)) => query.distances(rows, nodes, out),
            (Kind::Float(shared), Query::Float(query)) => {
                let rows = shared.as_deref().unwrap_or(rows);
                if self.euclidean() {
                    kernels::l2_squared_rows(query, rows, nodes, out);
                } else {
                    kernels::dot_rows(query, rows, nodes, out);
                    out.iter_mut().for_each(|dot| *dot = -*dot);
                }
            }
            (Kind::Half(_), Query::Half(query, _)) => match self.metric {
                Metric::Euclidean => kernels::l2_squared_f16_rows(query, rows, nodes, out),
                // Of unit vectors, and so that the error shrinks with the distance.
                Metric::Cosine => {
                    kernels::l2_squared_f16_rows(query, rows, nodes, out);
                    out.iter_mut().for_each(|square| *square = *square / 2.0 - 1.0);
                }
                Metric::Dot => {
                    kernels::dot_f16_rows(query, rows, nodes, out);
                    out.iter_mut().for_each(|dot| *dot = -*dot);
                }
            },
            (Kind::Binary(_), Query::Binary(query)) => query.distances(rows, nodes, out),
            (Kind::Product(_), Query::Product(query)) => {
                nodes.iter().zip(out).for_each(|(&node, out)| *out = query.distance_to(rows.data(node)));
            }
            _ => unreachable!("queries are of this graph"),
        }
    }

    /// Squared norm of the vector of a query of a graph of inner products; of its code where that is all that is known.
    pub fn norm(&self, query: &Query) -> f32 {
        match query {
            Query::Float(v) => kernels::dot(v, v),
            Query::Half(_, length) => length * length,
            Query::Int8(query) => query.squared_norm(),
            Query::Binary(query) => query.norm(),
            Query::Product(query) => query.norm(),
        }
    }

    /// Standard deviation of `distance`, which [`Codes::distances`] gave, from that of the vectors themselves.
    #[inline]
    pub fn deviation(&self, query: &Query, rows: &Arena, node: NodeId, distance: f32) -> f32 {
        match (&self.kind, query) {
            (Kind::Int8(_), Query::Int8(query)) => query.deviation(rows.data(node), distance),
            (Kind::Half(_), Query::Half(query, length)) => {
                let components = (query.len() as f32).sqrt();
                match self.metric {
                    Metric::Dot => {
                        let row = kernels::f16_row(rows, node).iter();
                        let norm = row.map(|x| x.to_f32() * x.to_f32()).sum::<f32>().sqrt();
                        length * norm / components * HALF_ROUNDING
                    }
                    Metric::Euclidean => half_deviation(*length, distance.max(0.0).sqrt(), components),
                    Metric::Cosine => {
                        half_deviation(*length, (2.0 + 2.0 * distance).max(0.0).sqrt(), components) / 2.0
                    }
                }
            }
            (Kind::Binary(_), Query::Binary(query)) => query.deviation(rows.data(node), distance),
            (Kind::Product(_), Query::Product(query)) => query.deviation(rows.data(node), distance),
            _ => 0.0,
        }
    }

    #[inline]
    pub fn distance(&self, query: &Query, rows: &Arena, node: NodeId) -> f32 {
        match (&self.kind, query) {
            (Kind::Int8(_), Query::Int8(query)) => query.distance_to(rows.data(node)),
            _ => {
                let mut out = [0.0];
                self.distances(query, rows, &[node], &mut out);
                out[0]
            }
        }
    }
}

fn half_query(left: Vec<f32>) -> Query {
    let length = kernels::dot(&left, &left).sqrt();
    Query::Half(left, length)
}

/// Of a squared distance to a row of halves, `apart` away. The row's length is that of the query, or more by `apart`.
fn half_deviation(length: f32, apart: f32, root_of_components: f32) -> f32 {
    let rounding = (length + apart) / root_of_components * HALF_ROUNDING;
    2.0 * apart * rounding + rounding * rounding * root_of_components
}
