//! A copy of the embedded database, while it is written to.

use std::process::Command;

use blog_entity::{SoftDelete, post};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

use crate::faults::Load;
use crate::process::{Process, command};

fn backup(blog: &Process, to: &str, url: Option<&str>) -> Command {
    let variables: Vec<_> = url.map(|url| ("DATABASE_URL", url)).into_iter().collect();
    let mut command = command(&blog.folder, &variables);
    command.args(["backup", to]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_load_is_whole_and_has_what_was_acknowledged_before() {
    let blog = Process::start(&[("APP_ENV", "development"), ("LOG", "off")]);
    let load = Load::on(blog.address);
    for number in 0..3 {
        load.wait_for_posts(30);
        let acknowledged = load.acknowledged();
        let name = format!("copy {number}.sqlite");
        let output = backup(&blog, &name, None).output().unwrap();
        assert!(output.status.success(), "{output:?}");

        let copy = blog.folder.join(&name);
        let db = Database::connect(format!("sqlite://{}?mode=ro", copy.display()))
            .await
            .unwrap();
        let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
        let verdict = db.query_all_raw(check).await.unwrap();
        let verdict: Vec<String> = verdict.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert_eq!(verdict, ["ok"]);
        let posts = post::Entity::live().all(&db).await.unwrap();
        let there: Vec<_> = posts.iter().map(|post| post.public_id.to_string()).collect();
        for id in &acknowledged {
            assert!(there.contains(id), "{id}");
        }
        db.close().await.unwrap();
    }
    assert!(load.end().len() >= 90);

    let before = std::fs::read(blog.folder.join("copy 0.sqlite")).unwrap();
    let output = backup(&blog, "copy 0.sqlite", None).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("is not overwritten"),
        "{output:?}"
    );
    assert_eq!(std::fs::read(blog.folder.join("copy 0.sqlite")).unwrap(), before);

    // What SQLite would take for a URI is a name like any other.
    let output = backup(&blog, "file:x?mode=memory", None).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(blog.folder.join("file:x?mode=memory").exists());

    let output = backup(&blog, "nowhere/copy.sqlite", None).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let left = std::fs::read_dir(&blog.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("partial")).collect();
    assert!(left.is_empty(), "{left:?}");

    for server in ["mysql://root@127.0.0.1:1/blog", "postgres://127.0.0.1:1/blog"] {
        let output = backup(&blog, "server.sqlite", Some(server)).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("`mariadb-dump` or `pg_dump`"), "{said}");
    }
}
