//! Distances between tokens, in buckets that grow with the distance (He et al., arXiv 2111.09543).

use super::super::folder::json::Json;
use crate::Result;

/// How attention takes distances in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relative {
    /// Buckets of either side; 0 where each distance has its own.
    pub buckets: usize,
    /// The distance beyond which buckets are no longer told apart.
    pub max_distance: usize,
    /// The query looks at the key's distance.
    pub content_to_position: bool,
    /// The key looks at the query's distance.
    pub position_to_content: bool,
    /// The projections of contents serve for distances, too.
    pub share_key: bool,
    /// Embeddings of distances are normalized.
    pub normalized: bool,
}

impl Relative {
    pub(super) fn read(json: &Json, max_positions: usize) -> Result<Option<Self>> {
        if json.count("conv_kernel_size")?.unwrap_or(0) > 0 {
            return Err(json.invalid("a convolution beside the first layer (conv_kernel_size) is not built"));
        }
        if !json.flag("relative_attention")?.unwrap_or(false) {
            return Ok(None);
        }
        let count = |key: &str| -> Result<usize> {
            // -1 stands for none.
            let number = json.number(key)?.unwrap_or(-1.0);
            Ok(if number >= 1.0 { number as usize } else { 0 })
        };
        let max_distance = match count("max_relative_positions")? {
            0 => max_positions,
            n => n,
        };
        let kinds: Vec<&str> = match json.get("pos_att_type") {
            Some(value) if value.is_string() => json.text("pos_att_type")?.unwrap_or_default().split('|').collect(),
            _ => json.texts("pos_att_type")?.unwrap_or_default(),
        };
        let (mut c2p, mut p2c) = (false, false);
        for kind in kinds {
            match kind.trim().to_lowercase().as_str() {
                "c2p" => c2p = true,
                "p2c" => p2c = true,
                "" => {}
                other => return Err(json.invalid(format!("pos_att_type {other:?} is not built, only c2p and p2c"))),
            }
        }
        let norms = json.text("norm_rel_ebd")?.unwrap_or("none").to_lowercase();
        Ok(Some(Self {
            buckets: count("position_buckets")?,
            max_distance,
            content_to_position: c2p,
            position_to_content: p2c,
            share_key: json.flag("share_att_key")?.unwrap_or(false),
            normalized: norms.split('|').any(|norm| norm.trim() == "layer_norm"),
        }))
    }

    /// Rows of the table of distances on either side.
    pub fn span(&self) -> usize {
        if self.buckets > 0 { self.buckets } else { self.max_distance }
    }

    /// How many terms a score is the sum of.
    pub fn terms(&self) -> usize {
        1 + usize::from(self.content_to_position) + usize::from(self.position_to_content)
    }

    /// The bucket of a distance, query's position - key's: near ones have their own, and farther ones share one with
    /// neighbours in the logarithm. In f32 as in the published code, where rounding decides at the edges.
    pub fn bucket(&self, distance: i64) -> i64 {
        let middle = (self.buckets / 2) as i64;
        if self.buckets == 0 || distance.abs() <= middle {
            return distance;
        }
        let (near, far) = (middle as f32, (self.max_distance as i64 - 1) as f32);
        let steps = (distance.abs() as f32 / near).ln() / (far / near).ln() * (near - 1.0);
        (steps.ceil() as i64 + middle) * distance.signum()
    }

    /// Row of the table of distances.
    pub fn row(&self, distance: i64) -> usize {
        let span = self.span() as i64;
        (self.bucket(distance) + span).clamp(0, 2 * span - 1) as usize
    }
}
