//! Logins and sessions: the relying party of an OpenID provider, sealed cookies, and whether a session still counts.
//!
//! There is no session store. A session is a sealed cookie, and each request is checked against the state of the cluster.
