//! A permit is policy's alone to give: nobody else can make one of a case and its targets.

fn main() {}

fn forge(case: model::Case, targets: policy::Targets) -> policy::Permit {
    policy::Permit::new(case, targets, Vec::new())
}
