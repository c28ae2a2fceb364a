//! Questions made ready and put again and again, for whoever measures what evaluating alone costs.
//! Nothing here answers a request, and no permit comes of it.

use cedar_policy::Request;
use model::Timestamp;

use crate::evaluate::{Unevaluable, World};
use crate::facts::Circumstances;
use crate::matter;
use crate::policies::Policies;
use crate::query::{Place, Query, Telling};
use crate::trail::Trail;

/// Every question that [`Policies::decide`] would put if each were answered with a permit.
#[derive(Debug)]
pub struct Rehearsal<'p> {
    policies: &'p Policies,
    world: World,
    questions: Vec<(Query, Request)>,
    now: Timestamp,
}

impl Policies {
    /// Makes the questions about `asked` ready; none where they cannot be put.
    #[must_use]
    pub fn rehearse(&self, asked: &Circumstances<'_>) -> Option<Rehearsal<'_>> {
        self.rehearsal(asked).ok()
    }

    fn rehearsal(&self, asked: &Circumstances<'_>) -> Result<Rehearsal<'_>, Unevaluable> {
        let world = Trail::default().world(asked, &self.parts)?;
        world.entities()?;
        let telling = Telling::new(asked);
        let mut questions = Vec::new();
        for target in asked.targets {
            let place = Place::new(&telling, target);
            for matter in matter::all(asked.ask, target) {
                let query = Query::about(matter, &telling, &place, &world);
                let request = query.request(&self.shapes)?;
                questions.push((query, request));
            }
        }
        Ok(Rehearsal { policies: self, world, questions, now: asked.call.now })
    }
}

impl Rehearsal<'_> {
    /// Puts every question, and says how many policies determined the answers.
    #[must_use]
    pub fn put(&self) -> usize {
        let answer = |(query, request): &(Query, Request)| {
            let answer = self.policies.evaluate(query, request, &self.world, self.now);
            answer.map_or(0, |answer| answer.policies().len())
        };
        self.questions.iter().map(answer).sum()
    }
}
