//! Rollcall keeps a cluster's roll of people in step with Microsoft Entra ID.
//!
//! Entra's automatic provisioning speaks SCIM 2.0 (RFC 7643, RFC 7644) to Rollcall; Rollcall writes each person and group
//! into the cluster as a `DirectoryUser` or `DirectoryGroup`, under `Directory` and `DirectoryKey` objects that people review
//! in Git. This page is the map of the code.
//!
//! # The flow
//!
//! Bytes become SCIM values, SCIM values become a spec, a spec plus what is observed becomes a plan, a plan becomes API
//! calls. Each arrow is one module, and only the last one touches the network:
//!
//! 1. [`http`] takes the request: an edge with the bounds of every request, and a door with the key ([`rules::key`]) and the
//!    route. It decides nothing else.
//! 2. [`scim`] reads the body: names folded to the schema's spelling, Entra's dialect coerced ([`scim::resource`],
//!    [`scim::patch`], [`scim::filter`]). One attribute table ([`scim::schema`]) drives all of it and `/Schemas`.
//! 3. [`provisioning`] has one function for each SCIM operation: read, rule, write.
//! 4. [`rules::policy`] says what the Directory asks for; [`rules::mapping`] turns attributes into an object and back;
//!    [`rules::naming`] says which values an object claims, and [`rules::membership`] edits the edge that makes a member,
//!    which stands on the member.
//! 5. [`store::claims`] writes: the claim protocol, one API call at a time. Of four replicas that create one userName at
//!    once, exactly one is answered 201. [`rules::access`] says which change may not be tried again.
//! 6. [`store::watch`] tells every replica, and [`store::index`] holds what lists are answered from.
//! 7. [`controller`] works in the background, on what [`store::index::dirty`] says has changed. On every replica
//!    [`controller::janitor`] heals what a crash or a restore left behind; on the leader `controller::status` tells what the
//!    operator concludes, `controller::claiming` turns rules of uniqueness on, `controller::purge` deletes tombstones whose
//!    retention is over ([`rules::retention`]), `controller::deletion` what a Directory takes along, and `controller::key` tells
//!    what each key is good for, makes the secrets that people ask for and replaces keys in good time ([`rules::key`]).
//!
//! Logging in is a flow of its own, and meets the first one in the state of the cluster:
//!
//! 1. [`http::login`] sends a browser to the provider and takes it back. [`login::provider`] asks the provider and verifies what
//!    it answers; an account is nobody in the Directory yet.
//! 2. [`login::link`] says which person the account is, read live, and the link is written by the claim protocol before there is
//!    a session ([`login::session`]): a sealed cookie, kept nowhere.
//! 3. Each door asks [`login::Logins`] about each request: whether the session counts ([`login::live`]) and whether the person has
//!    access ([`rules::access::decide()`]), as the index has it at that moment.
//! 4. [`http::check`] adds the policy of the application ([`rules::application`]) and tells the proxy who asks.
//! 5. `controller::login`, `controller::application` and `controller::invitation` write statuses and the links of invitations; no
//!    door waits for them.
//!
//! A Directory whose mode is Observe takes the first flow as it is, up to the last arrow: [`store::observation`] keeps what would
//! be written as a layer over the cluster, in memory, [`rules::observation`] counts what differs, and
//! [`controller::observing`] writes that into a DirectoryReport.
//!
//! Whoever asks what is wrong with a Directory runs [`doctor`]: it looks at the cluster with the caller's own rights, and each of
//! its checks is a pure function of what was seen. [`plugin`] is the kubectl plugin `kubectl-directory`, for questions about one
//! person and changes that are an administrator's. Both depend on no running operator.
//!
//! Apart from all that, [`simulator`] plays Entra's provisioning service against any SCIM endpoint: the binary
//! `entra-simulator`. It imports nothing of ours.
//!
//! # The words
//!
//! | Word | What it stands for |
//! | --- | --- |
//! | Directory | the people and groups of one provider in one namespace, with one tenant URL and one set of rules ([`api::DirectorySpec`]) |
//! | key | what opens a Directory to a client: a DirectoryKey holds the hash of a secret ([`rules::key`]) |
//! | mint | to make the secret of a key, which the operator does where `spec.mint` asks for it |
//! | successor | the key that comes in the place of a minted one ([`rules::key::rotation`]) |
//! | object | a custom resource as the API server has it, whole ([`api::Object`]) |
//! | kind | what the store has to know of one: group, version, plural, scope ([`store::kind::Kind`]) |
//! | resource | a user or a group as SCIM has it ([`rules::resource::Resource`]), by its SCIM id, which is the name of its object |
//! | value | what one attribute of a resource holds; a unique one may be there once in a Directory |
//! | claim | the object whose name is a digest of a unique value; its holder owns the value ([`store::claims`]) |
//! | holder | the object that a claim names, and the only one that may free the claim |
//! | pending | the values that a change in progress is about to own: a mark on the object |
//! | tombstone | an object whose resource was deleted; its values are free, and it can be asked back until it is purged |
//! | purge | the deletion of a tombstone for good, once the retention of its Directory has passed |
//! | state | of a person or a group: what it is in one word, for people to read ([`rules::access::state()`]); nothing is decided by it |
//! | author | the request that makes a change over SCIM, as the mark of a deactivation names it ([`rules::author`]) |
//! | brake | what lets SCIM delete only so many people within an hour ([`rules::brake`]) |
//! | rejected | the mark of an object that lost its name before anybody was told of it |
//! | known | said of an object that somebody may rely on, claim or not: it is shown, and never removed ([`store::claims::known`]) |
//! | visible | said of a resource that lists show ([`store::index`]) |
//! | member | a resource that names a group in `spec.memberOf`; the group itself names nobody |
//! | access | what one function grants or denies a person, for every door alike ([`rules::access`]) |
//! | provider | what people log in at: Entra, or another one that speaks OpenID Connect ([`login::provider`]) |
//! | account | somebody at the provider, by tenant and object id; the link says whose it is ([`login::link`]) |
//! | session | one login of one person in one browser, which the browser carries as a sealed cookie ([`login::session`]) |
//! | epoch | `spec.sessionEpoch`: a session of another epoch than its person's is over |
//! | state of a login | a login under way, sealed, which travels to the provider and back ([`login::transaction`]) |
//! | binding cookie | what shows that the browser which comes back with a state is the one that began the login |
//! | ticket | a session on its way to an application's host, sealed, for half a minute ([`login::ticket`]) |
//! | root key | what every sealed text and every signature is derived from; the replicas share it in a Secret ([`login::root_keys`]) |
//! | application | what a proxy guards for a Directory: a DirectoryApplication, with its hosts and who may use it |
//! | assertion | a signed token that tells an application who asks ([`login::assertion`]) |
//! | layer | what would be in the cluster, had an observed Directory been served ([`store::observation`]) |
//! | tally | what an observation came to, as sets that replicas join ([`rules::observation::Tally`]) |
//! | dirty name | the name of an object about which a controller may have to do something ([`store::index::dirty`]) |
//! | door | what one sort of client comes for: routes, credentials, bounds and errors of its own ([`http`]) |
//! | fresh | said of a watch that was heard within 30 seconds; nothing is answered from an older one |
//!
//! # The layers
//!
//! ```text
//! main -> cli -> doctor                                          -> store -> rules -> { scim, api }
//! main -> app -> http (edge <- doors) -> { provisioning, login } -> store -> rules -> { scim, api }
//!                                     -> pages
//!             -> controller           -> login                   -> store -> rules -> { scim, api }
//! ```
//!
//! `tests/tidy.rs` holds the same table in a form that fails.
//!
//! # What must stay true
//!
//! - [`scim`] imports no other module of ours, and neither Kubernetes nor HTTP nor a clock.
//! - [`api`] imports no other module of ours and decides nothing, save what a value of a newer version counts as
//!   ([`api::newer`]).
//! - [`rules`] has no `async`, no client and no clock: time and chance are arguments.
//! - Only [`store`] talks to the API server, and only [`login::provider`] to providers. Only [`config`] reads the environment.
//! - [`pages`] imports no other module of ours: it shows what it is given.
//! - Only [`api::Object`] spells the paths inside an object.
//! - [`http`] and [`controller`] never call each other: they meet in the API server.
//! - A 2xx means that the change is in etcd. Nothing is acknowledged from memory.
//! - Every writer edits raw JSON, so that a field which a newer version wrote survives an older replica.
//! - What GET returns is what was sent, value by value: nothing is normalised, or Entra repeats its PATCH for ever.
//! - Nobody is let in on doubt: where the state of the cluster is not fresh, every door answers 503.
//! - Secrets are read by name and only where they are of a type of ours; nothing prints their values.
//! - What is answered from memory stands behind the freshness guard: a replica whose watch is silent answers 503.
//! - Everything that grows has a bound with a name.

pub mod api;
pub mod app;
pub mod audit;
pub mod cli;
pub mod config;
pub mod controller;
pub mod doctor;
pub mod egress;
pub mod http;
pub mod login;
pub mod metrics;
pub mod pages;
pub mod plugin;
pub mod provisioning;
pub mod redaction;
pub mod rules;
pub mod scim;
pub mod simulator;
pub mod store;
pub mod telemetry;
pub mod termination_message;
pub mod webhook;
