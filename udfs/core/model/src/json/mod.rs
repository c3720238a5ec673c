//! JSON that a model is asked for: the schema it has to satisfy, and finding it in a reply.

mod is_strict;
mod one_label;
mod reply;
mod schema;

pub use is_strict::is_strict;
pub use one_label::one_label;
pub use reply::values;
pub use schema::Schema;
