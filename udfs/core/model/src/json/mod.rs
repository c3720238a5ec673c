//! JSON that a model is asked for: the schema it has to satisfy, and finding it in a reply.

mod reply;
mod schema;

pub use reply::values;
pub use schema::Schema;
