//! What the blog writes to the disk, and who may read it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::process::{Process, command, folder};

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

/// They hold what everybody has entrusted to the blog, and the key to all sessions.
#[test]
fn nobody_else_reads_the_data_of_a_fresh_start() {
    let blog = Process::start(&[("APP_ENV", "development"), ("DATABASE_URL", ""), ("JWT_SECRET", "")]);
    let data = blog.folder.join("data");
    assert_eq!(mode(&data), 0o700);
    for name in [
        "blog.sqlite",
        "blog.sqlite-wal",
        "blog.sqlite-shm",
        "development-secret",
    ] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_secret_that_is_made_anew_is_as_private() {
    let folder = folder();
    let secret = folder.join("data/development-secret");
    fs::create_dir(folder.join("data")).unwrap();
    fs::write(&secret, "too short").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let variables = [("APP_ENV", "development"), ("JWT_SECRET", "")];
    let output = command(&folder, &variables)
        .args(["seed", "--users", "1"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(mode(&secret), 0o600);
    assert!(fs::read_to_string(&secret).unwrap().len() >= 32);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_database_elsewhere_is_private_and_its_folder_as_it_was() {
    let folder = folder();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let output = command(&folder, &[]).args(["migrate", "up"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!((mode(&folder.join("blog.sqlite")), mode(&folder)), (0o600, 0o755));
    fs::remove_dir_all(folder).unwrap();
}
