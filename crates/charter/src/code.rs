//! The codes of problems: a closed list, so that pages and tests can name every one.
//!
//! Programs may match on a code; the words beside it may change.

macro_rules! codes {
    ($($name:ident $code:literal $meaning:literal;)+) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)+

        /// Every code with its meaning, in the order of the reference page.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),+];
    };
}

codes! {
    PATH "path" "The path is not one a charter may have.";
    PATH_TWICE "path-twice" "Two paths are the same, or differ only in upper and lower case.";
    FILE_TOO_LARGE "file-too-large" "The file is larger than 256 KiB.";
    TOO_MANY_FILES "too-many-files" "The charter has more than 2,000 files.";
    TREE_TOO_LARGE "tree-too-large" "The files together are larger than 16 MiB.";
    TOO_MANY_PROBLEMS "too-many-problems" "More problems were found than are listed.";
    MISPLACED_FILE "misplaced-file" "The file belongs nowhere in a charter.";
    MISSING_FILE "missing-file" "A file that every charter has is not there.";
    NOT_UTF8 "not-utf8" "The file is not UTF-8.";
    BYTE_ORDER_MARK "byte-order-mark" "The file begins with a byte order mark.";
    INVISIBLE_CHARACTER "invisible-character" "A character that readers do not see, or that reorders what they see.";
    SYNTAX "syntax" "The file is not YAML.";
    EMPTY_FILE "empty-file" "The file declares nothing.";
    SECOND_DOCUMENT "second-document" "The file holds more than one YAML document.";
    TOO_DEEP "too-deep" "The YAML is nested too deeply.";
    TOO_MANY_NODES "too-many-nodes" "The file holds too many YAML values.";
    ANCHOR "anchor" "A YAML anchor (`&name`) or alias (`*name`): everything is written out where it holds.";
    TAG "tag" "A YAML tag (`!name`): the field decides how its value is read.";
    MERGE_KEY "merge-key" "A YAML merge key (`<<`): everything is written out where it holds.";
    KEY_KIND "key-kind" "A key that is not plain text.";
    DUPLICATE_KEY "duplicate-key" "The same key twice in one mapping.";
    UNKNOWN_FIELD "unknown-field" "A field that this object does not have.";
    MISSING_FIELD "missing-field" "A required field is not there.";
    WRONG_TYPE "wrong-type" "A value of another type than the field takes.";
    EMPTY_VALUE "empty-value" "A field without a value.";
    BAD_VALUE "bad-value" "A value the field does not take.";
    BAD_URL "bad-url" "A base URL that cannot be used.";
    BAD_KEY "bad-key" "A line that is not an SSH public key this gateway takes.";
    SECRET_IN_CHARTER "secret-in-charter" "Something that looks like a secret: a charter names secrets and never holds them.";
    WRONG_SCHEMA "wrong-schema" "The line that tells an editor the file's JSON Schema names another kind's.";
    NAME_MISMATCH "name-mismatch" "The name in the file is not the name of the file.";
    DUPLICATE "duplicate" "Something is declared or listed twice.";
    UNKNOWN_PERSON "unknown-person" "A person whom people.yaml does not declare.";
    UNKNOWN_SEAT "unknown-seat" "A seat that people.yaml does not declare.";
    UNKNOWN_TEAM "unknown-team" "A team that people.yaml does not declare.";
    UNKNOWN_AGENT "unknown-agent" "An agent that no file under agents/ declares.";
    UNKNOWN_PROVIDER "unknown-provider" "A provider that no file under providers/ declares.";
    UNKNOWN_SECRET "unknown-secret" "A secret that no file under secrets/ declares.";
    UNKNOWN_MODEL "unknown-model" "A model that no file under models/ declares.";
    UNKNOWN_CONTEXT "unknown-context" "A context that no file under contexts/ declares.";
    SEAT_CONFLICT "seat-conflict" "Seats that must be different are one, or a seat escalates to itself.";
    MODEL_DEVELOPER "model-developer" "A model developer holds a seat that judges what models and agents may do.";
    NOT_A_TARGET "not-a-target" "A test names a provider that does not serve the model.";
    NOTHING_CLAIMED "nothing-claimed" "Claims that claim nothing.";
    WINDOW_EMPTY "window-empty" "Days or hours that end before they begin.";
    CONTEXT_ELSEWHERE "context-elsewhere" "A context is bound to an agent that runs where the context is not open.";
    CONTEXT_ABOVE_AGENT "context-above-agent" "A context is for more sensitive data than an agent it is bound to may handle.";
    EACH_OF_ONE "each-of-one" "A quota counts each agent apart, and is for one.";
    TOO_MANY_LIMITS "too-many-limits" "More than 16 limits apply to one call.";
    SUCCESSOR_IS_ITSELF "successor-is-itself" "A model is to take its own place.";
    SUCCESSOR_WITHOUT_END "successor-without-end" "A successor of something that does not end.";
    SUCCESSOR_ENDS_FIRST "successor-ends-first" "A successor that ends no later than what it replaces.";
    SUCCESSOR_CIRCLE "successor-circle" "Successors that lead back to where they began.";
}
