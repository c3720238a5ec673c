//! What follows from the scores of tokens.

mod likeliest;
mod top;
mod total;
mod v_information;

pub use likeliest::likeliest;
pub use top::top;
pub use total::{mean_entropy, total};
pub use v_information::{KI2026_TOP, VInformation, v_information, v_information_ki2026};
