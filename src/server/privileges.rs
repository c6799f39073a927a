//! From root to somebody who may do less, before the first byte of a client or a rule is read.
//!
//! What has to be done as root is done before: sockets are bound, log and PID file opened, and
//! the [`super::keeper`] started. There is no way back.

use super::StartError;
use crate::config::Config;
use nix::unistd::{Gid, Group, Uid, User, geteuid, getuid, initgroups, setresgid, setresuid};
use std::ffi::CString;

/// Who the server becomes.
#[derive(Debug)]
pub struct Identity {
    user: User,
    group: Gid,
}

impl Identity {
    /// Whom `config` names, and without a name the user who stands for unknown ones; `None`
    /// where the server was not started by root and stays who it is.
    pub fn wanted(config: &Config) -> Result<Option<Identity>, StartError> {
        let named = Some(&config.user).filter(|name| !name.is_empty());
        if !geteuid().is_root() {
            return match named {
                Some(name) if known(name)?.uid != geteuid() => {
                    Err(StartError::Denied(format!("only root can become {name} (-u)")))
                }
                _ => Ok(None),
            };
        }
        let user = known(named.unwrap_or(&config.default_user))?;
        if user.uid.is_root() {
            let what = "cannot run as nonexistent user or root with -u option; name another";
            return Err(StartError::User(what.to_owned()));
        }
        // As with spamd a group counts only beside a user.
        let group = match named.and(Some(config.group.as_str())) {
            Some(name) if !name.is_empty() => group(name)?,
            _ => user.gid,
        };
        Ok(Some(Identity { user, group }))
    }

    /// Becomes them, with their supplementary groups, for good.
    pub fn take(&self) -> Result<(), StartError> {
        let (user, group) = (&self.user, self.group);
        let refused = |why: nix::Error| StartError::System {
            what: format!("cannot become {}", user.name),
            why: why.into(),
        };
        let name = CString::new(user.name.as_str()).unwrap_or_default();
        initgroups(&name, group).map_err(refused)?;
        setresgid(group, group, group).map_err(refused)?;
        setresuid(user.uid, user.uid, user.uid).map_err(refused)?;
        let root = Uid::from_raw(0);
        if geteuid() != user.uid || getuid() != user.uid || setresuid(root, root, root).is_ok() {
            return Err(StartError::Denied(format!("could not become {} for good", user.name)));
        }
        Ok(())
    }

    /// Their user's and group's numbers.
    pub fn numbers(&self) -> (Uid, Gid) {
        (self.user.uid, self.group)
    }

    /// Their name.
    pub fn name(&self) -> &str {
        &self.user.name
    }
}

fn known(name: &str) -> Result<User, StartError> {
    let found = User::from_name(name).ok().flatten();
    found.ok_or_else(|| StartError::User(format!("there is no user {name:?}")))
}

fn group(name: &str) -> Result<Gid, StartError> {
    let found = Group::from_name(name).ok().flatten();
    let found = found.ok_or_else(|| StartError::User(format!("there is no group {name:?}")))?;
    Ok(found.gid)
}

/// The numbers that the socket's owner and group stand for; `None` leaves them as they are.
pub fn owner(config: &Config) -> Result<(Option<Uid>, Option<Gid>), StartError> {
    let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    let user = named(&config.socket_owner).map(|name| known(&name)).transpose()?;
    let group = named(&config.socket_group).map(|name| group(&name)).transpose()?;
    Ok((user.map(|user| user.uid), group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(user: &str, group: &str) -> Result<Option<Identity>, StartError> {
        Identity::wanted(&Config {
            user: user.to_owned(),
            group: group.to_owned(),
            ..Config::default()
        })
    }

    #[test]
    fn who_is_wanted_depends_on_who_asks() {
        assert!(matches!(wanted("no-such-user", ""), Err(StartError::User(_))));
        if geteuid().is_root() {
            assert!(matches!(wanted("root", ""), Err(StartError::User(_))));
            assert!(matches!(wanted("nobody", "no-such-group"), Err(StartError::User(_))));
            let identity = wanted("", "no-such-group").unwrap().unwrap();
            assert_eq!(identity.name(), "nobody");
            let daemon = wanted("nobody", "daemon").unwrap().unwrap();
            assert_eq!(daemon.group, Group::from_name("daemon").unwrap().unwrap().gid);
        } else {
            let me = User::from_uid(geteuid()).unwrap().unwrap();
            assert!(wanted("", "").unwrap().is_none() && wanted(&me.name, "").unwrap().is_none());
            assert!(matches!(wanted("root", ""), Err(StartError::Denied(_))));
        }
    }

    #[test]
    fn owners_of_sockets_are_looked_up() {
        let config = |owner: &str, group: &str| Config {
            socket_owner: owner.to_owned(),
            socket_group: group.to_owned(),
            ..Config::default()
        };
        assert_eq!(owner(&config("", "")).unwrap(), (None, None));
        let root = (Some(Uid::from_raw(0)), Some(Gid::from_raw(0)));
        assert_eq!(owner(&config("root", "root")).unwrap(), root);
        assert!(owner(&config("no-such-user", "")).is_err());
        assert!(owner(&config("", "no-such-group")).is_err());
    }
}
