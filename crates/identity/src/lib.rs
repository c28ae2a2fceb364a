//! Who is calling: a credential proved, or a reason why not.
