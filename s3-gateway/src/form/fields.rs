//! The fields of a form in front of its file. What stands behind the file is never read.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use multer::{Field, Multipart};

use crate::refusal::{Answer, Code, Refusal};

/// Most bytes of all fields in front of the file, names included (API page "POST Object": 20 KB).
const FIELDS_BYTES_MAX: usize = 20 * 1024;
/// Most fields in front of the file.
const FIELDS_MAX: usize = 128;
const FILE: &str = "file";
const METADATA_PREFIX: &str = "x-amz-meta-";

/// Fields by name, in lower case: S3 tells them apart by nothing else.
#[derive(Debug, Default)]
pub(super) struct Fields {
    values: BTreeMap<String, String>,
    bytes: usize,
}

impl Fields {
    /// Reads the fields up to the file, which is returned with none of its bytes read.
    ///
    /// *Errors*: `MalformedPOSTRequest`; `MaxPostPreDataLengthExceededError`; `InvalidArgument` for a field
    /// that stands twice, is no UTF-8, or where there is no file.
    pub(super) async fn read(form: &mut Multipart<'static>) -> Answer<(Self, Field<'static>)> {
        let mut fields = Self::default();
        while let Some(mut field) = form.next_field().await.map_err(|error| malformed(&error))? {
            let name = field.name().unwrap_or_default().to_ascii_lowercase();
            if name == FILE {
                let file_name = field.file_name().map(last_segment).unwrap_or_default().to_owned();
                fields.insert_file_name(&file_name);
                return Ok((fields, field));
            }
            fields.count(name.len())?;
            let mut value = Vec::new();
            while let Some(piece) = field.chunk().await.map_err(|error| malformed(&error))? {
                fields.count(piece.len())?;
                value.extend_from_slice(&piece);
            }
            let value = String::from_utf8(value).map_err(|_| {
                Refusal::because(Code::InvalidArgument, format!("The field {name} is not UTF-8"))
            })?;
            if fields.values.len() >= FIELDS_MAX {
                return Err(Refusal::new(Code::MaxPostPreDataLengthExceeded));
            }
            if fields.values.insert(name.clone(), value).is_some() {
                let message = format!("The field {name} stands in the form more than once");
                return Err(Refusal::because(Code::InvalidArgument, message));
            }
        }
        Err(Refusal::because(Code::InvalidArgument, "POST requires exactly one file upload per request."))
    }

    fn count(&mut self, bytes: usize) -> Answer<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > FIELDS_BYTES_MAX {
            return Err(Refusal::new(Code::MaxPostPreDataLengthExceeded)
                .with_element("MaxPostPreDataLengthBytes", FIELDS_BYTES_MAX));
        }
        Ok(())
    }

    /// Puts the name of the file where the key asks for it.
    fn insert_file_name(&mut self, file_name: &str) {
        if let Some(key) = self.values.get_mut("key") {
            *key = key.replace("${filename}", file_name);
        }
    }

    /// The value of a field, by its name in lower case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Every field in the order of the names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// User metadata: names without their prefix.
    pub(super) fn metadata(&self) -> impl Iterator<Item = (String, String)> {
        let name_of = |name: &str| name.strip_prefix(METADATA_PREFIX).map(str::to_owned);
        self.iter().filter_map(move |(name, value)| Some((name_of(name)?, value.to_owned())))
    }

    /// The fields as the headers of a PUT that said the same.
    ///
    /// *Errors*: `InvalidArgument` for a value that no header can hold.
    pub(super) fn to_headers(&self) -> Answer<HeaderMap> {
        const AS_THEY_ARE: [&str; 7] = [
            "cache-control",
            "content-disposition",
            "content-encoding",
            "content-language",
            "content-md5",
            "content-type",
            "expires",
        ];
        let mut headers = HeaderMap::new();
        for (field, value) in self.iter() {
            let name = match field {
                "acl" => "x-amz-acl",
                _ if field.starts_with(METADATA_PREFIX) => continue,
                _ if AS_THEY_ARE.contains(&field) || field.starts_with("x-amz-") => field,
                _ => continue,
            };
            let pair = name.parse::<HeaderName>().ok().zip(HeaderValue::from_bytes(value.as_bytes()).ok());
            let (name, value) = pair.ok_or_else(|| {
                Refusal::because(Code::InvalidArgument, format!("The field {field} is no value of a header"))
            })?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

/// Some browsers send the whole path of the file.
fn last_segment(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What is wrong with a form that cannot be read.
pub(super) fn malformed(error: &multer::Error) -> Refusal {
    let message = format!("The body of your POST request is not well-formed multipart/form-data: {error}");
    Refusal::because(Code::MalformedPostRequest, message)
}
