//! The crate at its edge: what an owner, an operator or an agent would see.

mod support;

mod annotations;
mod decide;
mod facts;
mod places;
mod wall;
