use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigFaults> {
    Config::from_lookup(|name| {
        variables
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn development_needs_nothing() {
    let config = read(&[]).unwrap();
    assert_eq!((config.stage, config.port), (Stage::Development, 3000));
    assert_eq!(config.rate_limit.to_string(), "100 per 15 minutes");
    assert_eq!(config.cors_origins, ["http://localhost:3000"]);
}

#[test]
fn every_fault_is_named_at_once() {
    let faults = read(&[
        ("APP_ENV", "prod"),
        ("HOST", "localhost"),
        ("PORT", "70000"),
        ("ADMIN_HOST", "everywhere"),
        ("ADMIN_PORT", "no"),
        ("DATABASE_URL", "oracle://root:hunter2@db"),
        ("DATABASE_REPLICA_URL", "postgres://root:hunter2@db/blog"),
        ("DATABASE_POOL", "0"),
        ("DATABASE_ACQUIRE_SECONDS", "soon"),
        ("DATABASE_LOCK_SECONDS", "3601"),
        ("SLOW_STATEMENT_MS", "-1"),
        ("JWT_SECRET", "short"),
        ("REDIS_URL", "localhost"),
        ("SESSION_HISTORY_DAYS", "29"),
        ("RATE_LIMIT", "many"),
        ("CORS_ORIGINS", "example.com"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("LOG", "blog=loud"),
        ("LOG_FILE_BYTES", "0"),
        ("LOG_FILES", "-1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
    ])
    .unwrap_err();
    let names: Vec<_> = faults.0.iter().map(|fault| fault.variable).collect();
    assert_eq!(
        names,
        [
            "APP_ENV",
            "HOST",
            "PORT",
            "ADMIN_HOST",
            "ADMIN_PORT",
            "DATABASE_URL",
            "DATABASE_REPLICA_URL",
            "DATABASE_POOL",
            "DATABASE_ACQUIRE_SECONDS",
            "DATABASE_LOCK_SECONDS",
            "SLOW_STATEMENT_MS",
            "JWT_SECRET",
            "REDIS_URL",
            "SESSION_HISTORY_DAYS",
            "RATE_LIMIT",
            "CORS_ORIGINS",
            "TRUSTED_PROXIES",
            "LOG",
            "LOG_FILE_BYTES",
            "LOG_FILES",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        ]
    );
    assert!(!faults.to_string().contains("hunter2") && !faults.to_string().contains("short"));
}

#[test]
fn the_admin_port_is_asked_for_or_not() {
    let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for (variables, expect) in [
        (
            &[][..],
            Admin::On {
                host,
                port: 3001,
                asked_for: false,
            },
        ),
        (
            &[("ADMIN_PORT", " ")],
            Admin::On {
                host,
                port: 3001,
                asked_for: false,
            },
        ),
        (
            &[("ADMIN_PORT", "3001")],
            Admin::On {
                host,
                port: 3001,
                asked_for: true,
            },
        ),
        (&[("ADMIN_PORT", "off")], Admin::Off),
    ] {
        assert_eq!(read(variables).unwrap().admin, expect, "{variables:?}");
    }
}

#[test]
fn production_demands_a_secret_and_never_shows_it() {
    let faults = read(&[("APP_ENV", "production")]).unwrap_err();
    assert_eq!(faults.0[0].variable, "JWT_SECRET");

    let secret = "0123456789abcdef0123456789abcdef";
    let config = read(&[("APP_ENV", "production"), ("JWT_SECRET", secret)]).unwrap();
    assert!(format!("{config:?}").contains("****") && !format!("{config:?}").contains(secret));
}
