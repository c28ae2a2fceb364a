//! The previews a request turns on by header: part of what is asked, so read before it is decided.

use http::HeaderMap;
use model::{Refusal, RefusalCode};

/// The headers that turn on previews.
const HEADERS: [&str; 2] = ["anthropic-beta", "openai-beta"];
/// Most previews one request turns on.
const BETAS_MAX: usize = 64;

/// Every value of the headers, in order; commas separate values too.
pub(crate) fn betas(headers: &HeaderMap) -> Result<Vec<&str>, Refusal> {
    let mut betas = Vec::new();
    for name in HEADERS {
        for value in headers.get_all(name) {
            let text = value.to_str().map_err(|_| {
                wrong(format!("The {name} header has characters other than visible ASCII."))
            })?;
            betas.extend(text.split(',').map(str::trim).filter(|beta| !beta.is_empty()));
        }
    }
    if betas.len() > BETAS_MAX {
        return Err(wrong(format!("The request turns on more than {BETAS_MAX} previews.")));
    }
    Ok(betas)
}

fn wrong(detail: String) -> Refusal {
    Refusal::new(RefusalCode::FieldInvalid, detail)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(values: &[&'static [u8]]) -> Result<Vec<String>, RefusalCode> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("anthropic-beta", HeaderValue::from_bytes(value).expect("a value"));
        }
        let betas = betas(&headers).map_err(|refusal| refusal.code)?;
        Ok(betas.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn values_come_on_several_lines_and_between_commas() {
        let read = read(&[b"one,two , ", b"three"]).expect("betas");
        assert_eq!(read, ["one", "two", "three"]);
    }

    #[test]
    fn what_cannot_be_read_or_is_too_much_is_refused() {
        assert_eq!(read(&[b"one,\xff"]), Err(RefusalCode::FieldInvalid));
        let many: Vec<&'static [u8]> = vec![b"one"; 65];
        assert_eq!(read(&many), Err(RefusalCode::FieldInvalid));
    }
}
