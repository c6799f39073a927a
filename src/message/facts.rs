//! What was odd about a message when it was parsed; rules read it.
//!
//! The names are those of SpamAssassin's eval test `check_msg_parse_flags`.

/// Parse flags of the whole message. Flags about header blocks speak of the top level only,
/// as in SpamAssassin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// A field's name or value, or the header block, was over its limit.
    pub truncated_header: bool,
    /// No blank line ended the header block.
    pub missing_head_body_separator: bool,
    /// No field followed a boundary at once.
    pub missing_mime_headers: bool,
    /// No blank line ended a part's fields.
    pub missing_mime_head_body_separator: bool,
    /// Text other than dots and white space follows a closing boundary.
    pub mime_epilogue_exists: bool,
    /// A multipart had too many parts; the rest was not read.
    pub mimepart_limit_exceeded: bool,
    /// Some boundary was opened and not closed, or closed and not opened
    /// (`mime_boundary_state`, which makes `mime_missing_boundary`).
    pub unbalanced_boundary: bool,
    /// A message or part has more than one Content-Type. The last one counts here; other
    /// readers take the first.
    pub duplicate_content_type: bool,
    /// A Content-Type names more than one boundary. The first usable one counts here.
    pub duplicate_boundary: bool,
    /// Several multiparts share one boundary.
    pub reused_boundary: bool,
}

impl Facts {
    /// The flag called `name`; `None` for a name that is none.
    pub fn flag(&self, name: &[u8]) -> Option<bool> {
        Some(match name {
            b"truncated_header" => self.truncated_header,
            b"missing_head_body_separator" => self.missing_head_body_separator,
            b"missing_mime_headers" => self.missing_mime_headers,
            b"missing_mime_head_body_separator" => self.missing_mime_head_body_separator,
            b"mime_epilogue_exists" => self.mime_epilogue_exists,
            b"mimepart_limit_exceeded" => self.mimepart_limit_exceeded,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_found_by_name() {
        let facts = Facts { truncated_header: true, ..Facts::default() };
        assert_eq!(facts.flag(b"truncated_header"), Some(true));
        assert_eq!(facts.flag(b"missing_mime_headers"), Some(false));
        assert_eq!(facts.flag(b"no_such_flag"), None);
    }
}
