use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::builder::FieldsBuilder;
use super::rules::Fields;
use crate::identity::Identity;

fn admin() -> Identity {
    Identity::user("1").with_roles(["admin"])
}

fn shown<T: Serialize>(rules: FieldsBuilder<T>, item: &T) -> Value {
    let view = rules.build().unwrap().view(item, &Identity::anonymous());
    let value = serde_json::to_value(&view).unwrap();
    // Text and tree are written by different serializers of serde_json.
    let text: Value = serde_json::from_str(&serde_json::to_string(&view).unwrap()).unwrap();
    assert_eq!(value, text);
    value
}

#[test]
fn every_fault_is_listed() {
    fn check(rules: FieldsBuilder<Value>, expect: &[&str]) {
        let error = rules.build().unwrap_err();
        let found: Vec<_> = error.faults().iter().map(crate::config_error::Fault::setting).collect();
        assert_eq!(found, expect, "{error}");
    }
    let rules = Fields::<Value>::deny_unlisted;
    check(rules().readable(["", ".", "a.", ".a", "a..b"]), &["readable"; 5]);
    check(rules().writable(["[]", "a[][]", "[].a", "a.[]"]), &["writable"; 4]);
    check(rules().writable(["a[].b", "a.b"]), &["writable"]);
    check(
        rules().readable(["a"]).readable_if(["a"], |_, _| true),
        &["readable_if"],
    );
    check(
        rules().hidden(["a"]).readable(["a"]).writable(["a"]),
        &["readable", "writable"],
    );
    check(rules().readable(["a", "a"]), &["readable"]);
    assert!(rules().readable(["a", "a.b"]).writable(["a"]).build().is_ok());
}

#[derive(Serialize)]
struct Kinds {
    plain: u8,
    #[serde(rename = "renamed")]
    odd: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<u8>,
    none: Option<Inner>,
    some: Option<Inner>,
    newtype: Newtype,
    pair: (Inner, Inner),
    tuple_struct: Pair,
    list: Vec<Inner>,
    #[serde(flatten)]
    flat: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
    by_number: BTreeMap<u16, Inner>,
    by_truth: BTreeMap<bool, u8>,
    by_letter: BTreeMap<char, u8>,
    by_variant: BTreeMap<Plain, u8>,
    by_newtype: BTreeMap<Named, u8>,
    enums: Vec<Plain>,
    external: Vec<External>,
    internal: Internal,
    adjacent: Adjacent,
    untagged: Untagged,
    unit: (),
    displayed: Displayed,
}

#[derive(Serialize, Clone)]
struct Inner {
    open: u8,
    secret: u8,
}

#[derive(Serialize)]
struct Newtype(Inner);

#[derive(Serialize)]
struct Pair(Inner, u8);

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
enum Plain {
    One,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Named(String);

#[derive(Serialize)]
enum External {
    Unit,
    New(Inner),
    Tuple(Inner, u8),
    Struct { open: u8, secret: u8 },
}

#[derive(Serialize)]
#[serde(tag = "kind")]
enum Internal {
    New(Inner),
}

#[derive(Serialize)]
#[serde(tag = "kind", content = "value")]
enum Adjacent {
    Struct { open: u8, secret: u8 },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Untagged {
    Struct { open: u8, secret: u8 },
}

struct Displayed;

impl Serialize for Displayed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str("displayed")
    }
}

fn kinds() -> Kinds {
    let inner = Inner { open: 1, secret: 2 };
    Kinds {
        plain: 0,
        odd: 0,
        absent: None,
        none: None,
        some: Some(inner.clone()),
        newtype: Newtype(inner.clone()),
        pair: (inner.clone(), inner.clone()),
        tuple_struct: Pair(inner.clone(), 3),
        list: vec![inner.clone(), inner.clone()],
        flat: inner.clone(),
        rest: [("more".to_owned(), 4)].into(),
        by_number: [(7, inner.clone())].into(),
        by_truth: [(true, 5)].into(),
        by_letter: [('é', 6)].into(),
        by_variant: [(Plain::One, 7)].into(),
        by_newtype: [(Named("n".to_owned()), 8)].into(),
        enums: vec![Plain::One],
        external: vec![
            External::Unit,
            External::New(inner.clone()),
            External::Tuple(inner.clone(), 9),
            External::Struct { open: 1, secret: 2 },
        ],
        internal: Internal::New(inner),
        adjacent: Adjacent::Struct { open: 1, secret: 2 },
        untagged: Untagged::Struct { open: 1, secret: 2 },
        unit: (),
        displayed: Displayed,
    }
}

#[test]
fn every_kind_of_value_is_filtered_in_the_shape_that_its_json_has() {
    fn check(paths: &[&str], expect: &Value) {
        let rules = Fields::<Kinds>::deny_unlisted().readable(paths);
        assert_eq!(shown(rules, &kinds()), *expect, "{paths:?}");
    }
    check(&[], &json!({}));
    check(
        &["plain", "odd", "renamed", "absent"],
        &json!({"plain": 0, "renamed": 0}),
    );
    check(&["none.open"], &json!({"none": null}));
    check(&["some.open"], &json!({"some": {"open": 1}}));
    check(&["newtype.open"], &json!({"newtype": {"open": 1}}));
    check(&["pair.open"], &json!({"pair": [{"open": 1}, {"open": 1}]}));
    check(&["tuple_struct.open"], &json!({"tuple_struct": [{"open": 1}, null]}));
    check(&["list.open"], &json!({"list": [{"open": 1}, {"open": 1}]}));
    check(&["open", "more"], &json!({"open": 1, "more": 4}));
    check(&["by_number.7.open"], &json!({"by_number": {"7": {"open": 1}}}));
    check(&["by_number.70.open"], &json!({"by_number": {}}));
    check(&["by_truth.true", "by_truth.false"], &json!({"by_truth": {"true": 5}}));
    check(&["by_letter.é"], &json!({"by_letter": {"é": 6}}));
    check(&["by_variant.One"], &json!({"by_variant": {"One": 7}}));
    check(&["by_newtype.n"], &json!({"by_newtype": {"n": 8}}));
    check(&["enums.One"], &json!({"enums": [null]}));
    check(
        &["external.New.open", "external.Tuple", "external.Struct.open"],
        &json!({"external": [
            null,
            {"New": {"open": 1}},
            {"Tuple": [{"open": 1, "secret": 2}, 9]},
            {"Struct": {"open": 1}},
        ]}),
    );
    check(
        &["external.Tuple.open", "external.Struct"],
        &json!({"external": [null, {}, {"Tuple": [{"open": 1}, null]}, {"Struct": {"open": 1, "secret": 2}}]}),
    );
    check(
        &["internal.kind", "internal.open"],
        &json!({"internal": {"kind": "New", "open": 1}}),
    );
    check(&["adjacent.value.open"], &json!({"adjacent": {"value": {"open": 1}}}));
    check(&["untagged.open"], &json!({"untagged": {"open": 1}}));
    check(
        &["unit.x", "displayed.x", "plain.x"],
        &json!({"plain": null, "unit": null, "displayed": null}),
    );
    check(&["unit", "displayed"], &json!({"unit": null, "displayed": "displayed"}));
}

#[test]
fn what_is_hidden_in_an_open_value_is_hidden_in_every_kind() {
    fn without(value: Value) -> Value {
        match value {
            Value::Object(members) => members
                .into_iter()
                .filter(|(name, _)| name != "secret")
                .map(|(name, value)| (name, without(value)))
                .collect(),
            Value::Array(list) => list.into_iter().map(without).collect(),
            scalar => scalar,
        }
    }
    let secrets = [
        "secret",
        "some.secret",
        "newtype.secret",
        "pair.secret",
        "tuple_struct.secret",
        "list.secret",
        "by_number.7.secret",
        "external.New.secret",
        "external.Tuple.secret",
        "external.Struct.secret",
        "internal.secret",
        "adjacent.value.secret",
        "untagged.secret",
    ];
    let whole = serde_json::to_value(kinds()).unwrap();
    assert!(whole.to_string().contains("secret"));
    let rules = Fields::<Kinds>::allow_unlisted().hidden(secrets);
    assert_eq!(shown(rules, &kinds()), without(whole.clone()));
    assert_eq!(shown(Fields::<Kinds>::allow_unlisted(), &kinds()), whole);
}

/// Formats hand their own values through structs that only they know.
#[test]
fn what_a_format_says_to_itself_is_not_taken_apart() {
    struct Private;

    impl Serialize for Private {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            let mut state = serializer.serialize_struct("$format::private::Number", 1)?;
            state.serialize_field("$format::private::Number", "1.0")?;
            state.end()
        }
    }
    let whole = json!({"$format::private::Number": "1.0"});
    assert_eq!(
        shown(Fields::<Private>::allow_unlisted().hidden(["a"]), &Private),
        whole
    );
    assert_eq!(
        shown(Fields::<Private>::deny_unlisted().readable(["a"]), &Private),
        Value::Null
    );
}

#[test]
fn rules_know_the_item_and_the_caller() {
    #[derive(Serialize, Clone)]
    struct Row {
        #[serde(skip)]
        owner: &'static str,
        email: &'static str,
    }
    let fields = Fields::<Row>::deny_unlisted()
        .readable_if(["email"], |caller, row| {
            caller.has_role("admin") || caller.subject() == Some(row.owner)
        })
        .build()
        .unwrap();
    let rows = vec![Row { owner: "1", email: "a" }, Row { owner: "2", email: "b" }];
    let check = |caller: Identity, expect: Value| {
        assert_eq!(
            serde_json::to_value(fields.views(rows.clone(), &caller)).unwrap(),
            expect
        );
        assert_eq!(serde_json::to_value(fields.views(&rows, &caller)).unwrap(), expect);
    };
    check(Identity::anonymous(), json!([{}, {}]));
    check(Identity::user("2"), json!([{}, {"email": "b"}]));
    check(admin(), json!([{"email": "a"}, {"email": "b"}]));
    // What is shared is shown as what is owned, and the log sees none of it.
    let view = fields.view(std::sync::Arc::new(rows[0].clone()), &admin());
    assert_eq!(serde_json::to_value(&view).unwrap(), json!({"email": "a"}));
    assert!(!format!("{view:?}").contains("email"));
}

#[test]
fn bodies_are_refused_by_all_that_they_would_set() {
    let fields = Fields::<()>::deny_unlisted()
        .readable(["id"])
        .writable(["name", "author.name", "tags", "place", "shut[].name"])
        .hidden(["tags[].pinned", "place.exact"])
        .writable_if(["role"], |caller, ()| caller.has_role("admin"))
        .build()
        .unwrap();
    let check = |body: &str, expect: &[&str]| {
        let found = fields.check_json(body.as_bytes(), &Identity::user("1"), &());
        match found {
            Ok(()) => assert!(expect.is_empty(), "{body}"),
            Err(refusal) => {
                assert_eq!(refusal.members(), expect, "{body}");
                assert_eq!(refusal.problem().status(), 403);
            }
        }
    };
    check("{}", &[]);
    check(r#"{"name": {"any": ["thing"]}, "author": {"name": null}}"#, &[]);
    check(
        r#"{"id": 1, "name": "", "role": 2, "nobody": 3}"#,
        &["id", "role", "nobody"],
    );
    check(r#"{"author": {"email": 1, "name": 2}}"#, &["author.email"]);
    check(r#"{"author": null}"#, &["author"]);
    check(r#"{"author": []}"#, &["author"]);
    check(r#"{"author": [{"name": 1}]}"#, &["author"]);
    check(r#"{"tags": {"name": 1, "pinned": 1}}"#, &["tags.pinned"]);
    check(r#"{"tags": [[{"name": 1}]]}"#, &["tags"]);
    check(r#"{"place": {"name": 1}}"#, &[]);
    check(r#"{"place": ["name", "exact"]}"#, &["place"]);
    check(r#"{"shut": [{"name": 1}]}"#, &["shut"]);
    check(r#"{"shut": {"name": 1}}"#, &[]);
    check(
        r#"{"tags": [{"name": 1}, {"pinned": 1}, 7, {"pinned": 2}]}"#,
        &["tags.pinned"],
    );
    check(r#"{"r\u006fle": 1}"#, &["role"]);
    check(r#"{"name": 1, "role": 1, "role": 2}"#, &["role"]);
    check(r#"{"a\nb": 1}"#, &["a\\nb"]);
    for whole in ["7", "-7", "7.5", "null", "true", r#""text""#, "[]"] {
        check(whole, &[""]);
    }
    assert!(fields.check_json(br#"{"role": 1}"#, &admin(), &()).is_ok());

    let refusal = fields.check_json(b"7", &admin(), &()).unwrap_err();
    assert_eq!(refusal.problem().detail(), Some("you may not set the body as a whole"));
    let refusal = fields.check_json(br#"{"id": 1, "x": 2}"#, &admin(), &()).unwrap_err();
    assert_eq!(refusal.problem().detail(), Some("you may not set id, x"));
    assert_eq!(refusal.problem().members()["members"], json!(["id", "x"]));
    assert!(crate::problem::Problem::behind(&refusal).is_some());
}

/// `author` as a whole is for reading only; that closes no member of it that is for writing.
#[test]
fn what_is_said_of_one_side_leaves_the_other_to_what_is_said_within() {
    let fields = Fields::<Value>::allow_unlisted()
        .readable(["author"])
        .writable(["author.name", "secret"])
        .readable_if(["secret.hint"], |_, _| true)
        .build()
        .unwrap();
    let item = json!({"author": {"name": 1, "id": 2}, "secret": {"hint": 3, "word": 4}});
    let shown = serde_json::to_value(fields.view(&item, &admin())).unwrap();
    assert_eq!(shown, json!({"author": {"id": 2}, "secret": {"hint": 3}}));
    let refusal = fields
        .check_json(item.to_string().as_bytes(), &admin(), &item)
        .unwrap_err();
    assert_eq!(refusal.members(), ["author.id", "secret.hint"]);
}

/// What serde's derive takes for a struct beside an object.
#[test]
fn members_cannot_be_set_by_position() {
    #[derive(serde::Deserialize)]
    struct User {
        name: String,
        role: String,
    }
    let body = br#"["mallory", "admin"]"#;
    let taken: User = serde_json::from_slice(body).unwrap();
    assert_eq!((&*taken.name, &*taken.role), ("mallory", "admin"));
    let fields = Fields::<()>::allow_unlisted().readable(["role"]).build().unwrap();
    assert_eq!(fields.check_json(body, &admin(), &()).unwrap_err().members(), [""]);
}

#[test]
fn a_body_that_is_no_json_is_a_400() {
    let fields = Fields::<()>::allow_unlisted().hidden(["id", "a.b"]).build().unwrap();
    for body in [
        "",
        "{",
        "{\"id\": 1",
        "{\"id\": 1} x",
        "{} {}",
        "{\"a\": {\"b\": }}",
        "{\"a\": tru}",
        "\u{1}",
    ] {
        let refusal = fields.check_json(body.as_bytes(), &admin(), &()).unwrap_err();
        assert_eq!(refusal.problem().status(), 400, "{body}");
        assert!(refusal.members().is_empty(), "{body}");
    }
}

#[test]
fn what_a_client_makes_up_is_not_repeated_without_end() {
    let fields = Fields::<()>::deny_unlisted().build().unwrap();
    let names: Map<String, Value> = (0..100).map(|i| (format!("{i:0>100}{i}"), Value::Null)).collect();
    let body = serde_json::to_vec(&names).unwrap();
    let refusal = fields.check_json(&body, &admin(), &()).unwrap_err();
    // Cut, they are the same name.
    assert_eq!(refusal.members(), ["0".repeat(64)]);

    let names: Map<String, Value> = (0..33).map(|i| (format!("{i:0>2}"), Value::Null)).collect();
    let body = serde_json::to_vec(&names).unwrap();
    let refusal = fields.check_json(&body, &admin(), &()).unwrap_err();
    assert_eq!(refusal.members().len(), 32);
    assert!(refusal.problem().detail().unwrap().ends_with("31 and others"));
}

/// The rules of the module page, on trees: what paths are granted and denied, and what of a value is left.
struct Model {
    /// `None` where all that is said of a path is said of the other side.
    rules: BTreeMap<String, Option<bool>>,
    lists: BTreeSet<String>,
}

impl Model {
    fn join(path: &str, name: &str) -> String {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    }

    /// Of a member of an open or closed place: `None` where it is denied, else whether what it holds is open.
    fn enter(&self, path: &str, open: bool) -> Option<bool> {
        match self.rules.get(path) {
            Some(Some(granted)) => granted.then_some(true),
            None if open => Some(true),
            Some(None) | None => self.below(path).then_some(false),
        }
    }

    /// Whether anything below is named.
    fn below(&self, path: &str) -> bool {
        self.rules.keys().any(|rule| rule.starts_with(&format!("{path}.")))
    }

    /// Whether a member below is granted, with none between that is denied.
    fn reachable(&self, path: &str) -> bool {
        self.rules.iter().any(|(rule, granted)| {
            let between =
                |other: &str| other.starts_with(&format!("{path}.")) && rule.starts_with(&format!("{other}."));
            *granted == Some(true)
                && rule.starts_with(&format!("{path}."))
                && !self
                    .rules
                    .iter()
                    .any(|(other, granted)| *granted == Some(false) && between(other))
        })
    }

    fn read(&self, value: &Value, path: &str, open: bool) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .filter_map(|(name, value)| {
                    let path = Self::join(path, name);
                    let open = self.enter(&path, open)?;
                    (open || self.reachable(&path)).then(|| (name.clone(), self.read(value, &path, open)))
                })
                .collect(),
            Value::Array(list) => list.iter().map(|value| self.read(value, path, open)).collect(),
            scalar if open => scalar.clone(),
            _ => Value::Null,
        }
    }

    fn write(&self, value: &Value, path: &str, open: bool, denied: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let path = Self::join(path, name);
                    match self.enter(&path, open) {
                        Some(open) if self.below(&path) => self.write(value, &path, open, denied),
                        Some(_) => {}
                        None => drop(denied.insert(path)),
                    }
                }
            }
            Value::Array(list) if open && self.lists.contains(path) => {
                for value in list {
                    match value {
                        Value::Array(_) => drop(denied.insert(path.to_owned())),
                        _ => self.write(value, path, open, denied),
                    }
                }
            }
            Value::Array(_) => drop(denied.insert(path.to_owned())),
            _ if open => {}
            _ => drop(denied.insert(path.to_owned())),
        }
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        (0..9).prop_map(Into::into),
        Just("text".into())
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            3 => proptest::collection::btree_map("[abc]", inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn rules() -> impl Strategy<Value = BTreeMap<String, (bool, bool)>> {
    proptest::collection::btree_map("[abc](\\.[abc]){0,3}", any::<(bool, bool)>(), 0..7)
}

fn lists() -> impl Strategy<Value = BTreeSet<String>> {
    proptest::collection::btree_set("[abc](\\.[abc]){0,2}", 0..5)
}

/// Of one side; what is granted on neither is denied on both.
fn said(this: bool, other: bool) -> Option<bool> {
    (this || !other).then_some(this)
}

/// `a.b` with `a` among the lists is `a[].b`.
fn marked(path: &str, lists: &BTreeSet<String>) -> String {
    let ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
    let mut text = path.to_owned();
    for end in ends.collect::<Vec<_>>().into_iter().rev() {
        if lists.contains(&path[..end]) {
            text.insert_str(end, "[]");
        }
    }
    text
}

/// A member that is named is denied where it is not granted: by saying nothing, by `hidden`'s way, or by a closure that says no.
fn build(rules: &BTreeMap<String, (bool, bool)>, lists: &BTreeSet<String>, open: bool) -> Fields<Value> {
    let mut builder = if open {
        Fields::allow_unlisted()
    } else {
        Fields::deny_unlisted()
    };
    for (i, (path, (read, write))) in rules.iter().enumerate() {
        let path = marked(path, lists);
        builder = match (read, write, i % 2) {
            (true, true, 0) => builder.readable([&path]).writable([&path]),
            (true, true, _) => builder.readable_if([&path], |_, _| true).writable([&path]),
            (true, false, _) => builder.readable([&path]),
            (false, true, _) => builder.writable([&path]),
            (false, false, 0) => builder.hidden([&path]),
            (false, false, _) => builder
                .readable_if([&path], |_, _| false)
                .writable_if([&path], |_, _| false),
        };
    }
    builder.build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn a_view_is_what_a_filter_of_the_tree_would_leave(value in values(), rules in rules(), lists in lists(), open: bool) {
        let fields = build(&rules, &lists, open);
        let model = Model { rules: rules.iter().map(|(path, (read, write))| (path.clone(), said(*read, *write))).collect(), lists };
        let view = fields.view(&value, &Identity::anonymous());
        let expect = model.read(&value, "", open);
        prop_assert_eq!(serde_json::to_value(&view).unwrap(), expect.clone());
        prop_assert_eq!(serde_json::to_string_pretty(&view).unwrap(), serde_json::to_string_pretty(&expect).unwrap());
    }

    #[test]
    fn a_body_is_refused_by_what_a_walk_of_the_tree_would_find(value in values(), rules in rules(), lists in lists(), open: bool) {
        let fields = build(&rules, &lists, open);
        // Only where something is named below does anything look at a list.
        let named = |list: &String| rules.keys().any(|rule| rule == list || rule.starts_with(&format!("{list}.")));
        let lists = lists.into_iter().filter(named).collect();
        let model = Model { rules: rules.iter().map(|(path, (read, write))| (path.clone(), said(*write, *read))).collect(), lists };
        let mut denied = BTreeSet::new();
        model.write(&value, "", open, &mut denied);
        let found = match fields.check_json(&serde_json::to_vec(&value).unwrap(), &Identity::anonymous(), &value) {
            Ok(()) => BTreeSet::new(),
            Err(refusal) => refusal.members().iter().cloned().collect(),
        };
        prop_assume!(denied.len() <= 32);
        prop_assert_eq!(found, denied);
    }

    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..64), rules in rules(), lists in lists(), open: bool) {
        let _ = build(&rules, &lists, open).check_json(&body, &Identity::anonymous(), &Value::Null);
    }
}
