//! A secret that is missing or too old takes its target away, not the model, unless it is the last.

use model::{Dialect, RefusalCode};

use crate::ask::DIALECTS;
use crate::charter_files::{Files, kind};
use crate::check;
use crate::world::{Setup, World};

const DAY_MS: i64 = 86_400_000;

/// The key of the first provider may grow one day old; the others have 90.
fn short_lived(files: &mut Files) {
    let secret = files.get_mut("secrets/fake-key.yaml").unwrap();
    *secret = secret.replace("max_age_days: 90", "max_age_days: 1");
}

/// Asserts that the next call is answered by `second`, and that `first` was withheld for `code`.
#[track_caller]
fn check_passed_over(world: &World, dialect: Dialect, first: &str, code: &str) {
    let reply = world.ask(dialect).model("routed").send();
    check::forwarded(world, &reply);
    assert!(reply.header("portreeve-target").unwrap().starts_with("second-"));
    let withheld = check::withheld(&check::decision(world, &reply), kind(dialect));
    assert_eq!(withheld, [(first.to_owned(), code.to_owned())]);
}

#[test]
fn a_target_whose_secret_has_no_value_is_passed_over() {
    let world = World::routed(&[("keyless", ""), ("second", "")]);
    for dialect in DIALECTS {
        check_passed_over(&world, dialect, "keyless", "secret_missing");
    }
    world.provider.assert_untouched();
}

#[test]
fn a_target_whose_secret_is_too_old_is_passed_over_from_that_instant() {
    for dialect in DIALECTS {
        let world =
            World::with(Setup::routed(&[("fake", ""), ("second", "")], "").edited(short_lived));
        world.clock.advance_ms(DAY_MS);
        let reply = world.ask(dialect).model("routed").send();
        check::forwarded(&world, &reply);
        assert!(reply.header("portreeve-target").unwrap().starts_with("fake-"));
        world.clock.advance_ms(1);
        check_passed_over(&world, dialect, "fake", "secret_expired");
        assert_eq!(world.provider.seen().len(), 1);
    }
}

#[test]
fn where_no_target_has_a_usable_secret_the_refusal_says_which_way() {
    for dialect in DIALECTS {
        let world = World::routed(&[("keyless", "")]);
        let reply = world.ask(dialect).model("routed").send();
        check::refused(&world, dialect, &reply, RefusalCode::SecretMissing);
        assert!(!reply.text().contains("keyless"), "{}", reply.text());
        // One is missing and one too old: the one that came nearer is told.
        let setup = Setup::routed(&[("keyless", ""), ("fake", "")], "").edited(short_lived);
        let world = World::with(setup);
        world.clock.advance_ms(DAY_MS + 1);
        let reply = world.ask(dialect).model("routed").send();
        check::refused(&world, dialect, &reply, RefusalCode::SecretExpired);
        assert!(!reply.text().contains("fake-key"), "{}", reply.text());
        world.provider.assert_untouched();
    }
}

#[test]
fn a_value_that_cannot_be_opened_leads_nowhere_else() {
    // It is the platform team's to mend, and hiding it behind another target would not.
    for dialect in DIALECTS {
        let world = World::routed(&[("damaged", ""), ("second", "")]);
        let reply = world.ask(dialect).model("routed").send();
        check::refused(&world, dialect, &reply, RefusalCode::SecretUnreadable);
        world.second.assert_untouched();
    }
}

#[test]
fn who_may_not_use_the_model_learns_nothing_of_its_secrets() {
    for dialect in DIALECTS {
        let world = World::with(Setup::default().edited(|files| {
            let model = files.get_mut("models/hidden.yaml").unwrap();
            *model = model.replace("provider: fake-", "provider: keyless-");
        }));
        let hidden = world.ask(dialect).model("hidden").send();
        check::refused(&world, dialect, &hidden, RefusalCode::ModelUnknown);
        let missing = world.ask(dialect).model("missing").send();
        assert_eq!(check::without_id(&hidden), check::without_id(&missing));
        // The same where its secret is too old.
        let world = World::start();
        world.clock.advance_ms(91 * DAY_MS);
        let hidden = world.ask(dialect).model("hidden").send();
        check::refused(&world, dialect, &hidden, RefusalCode::ModelUnknown);
        let missing = world.ask(dialect).model("missing").send();
        assert_eq!(check::without_id(&hidden), check::without_id(&missing));
    }
}
