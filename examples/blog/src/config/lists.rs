use portcullis::client_ip::ClientIpLayer;
use portcullis::cors::CorsLayer;

fn list(text: &str) -> Vec<String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(str::to_owned).collect()
}

/// Origins, separated by commas. The gate's own reading, so that a wrong value is named with its variable.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let origins = list(text);
    let cors = CorsLayer::builder().origins(&origins).build();
    cors.map(|_| origins).map_err(|error| reasons(&error))
}

/// Addresses or networks, in the same way.
pub(super) fn proxies(text: &str) -> Result<Vec<String>, String> {
    let proxies = list(text);
    let client_ip = ClientIpLayer::builder().trust_networks(&proxies).build();
    client_ip.map(|_| proxies).map_err(|error| reasons(&error))
}

fn reasons(error: &portcullis::ConfigError) -> String {
    let reasons: Vec<_> = error
        .faults()
        .iter()
        .map(portcullis::config_error::Fault::reason)
        .collect();
    reasons.join("; ")
}
