//! All views of one message, each rendered when somebody first asks for it.

use super::header::{HeaderQuery, Memo, Source};
use super::html::{self, Html};
use super::relay::{self, Relays};
use super::uri::{self, Uris};
use super::{Message, Rendering, Settings, body, encoded_word};
use crate::limits::Reached;
use crate::text::pieces::Pieces;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::sync::Arc;

/// A message with everything that rules may look at.
pub struct Views {
    message: Message,
    settings: Arc<Settings>,
    /// What header queries have reached.
    reached: Cell<Reached>,
    memo: Memo,
    relays: OnceCell<Relays>,
    texts: OnceCell<Vec<Rendered>>,
    body: OnceCell<Pieces>,
    rawbody: OnceCell<Pieces>,
    uris: OnceCell<Uris>,
}

/// What a leaf gives to the `body` view.
pub enum Rendered {
    /// Plain text in UTF-8, and whether it was decoded to characters.
    Plain(Vec<u8>, bool),
    /// Rendered HTML.
    Html(Box<Html>),
    /// Nothing: an image, say.
    Nothing,
}

impl Views {
    /// The views of `message`.
    pub fn new(message: Message, settings: Arc<Settings>) -> Views {
        Views {
            message,
            settings,
            reached: Cell::default(),
            memo: Memo::default(),
            relays: OnceCell::new(),
            texts: OnceCell::new(),
            body: OnceCell::new(),
            rawbody: OnceCell::new(),
            uris: OnceCell::new(),
        }
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The settings that the views follow.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same, for who outlives the message.
    pub fn settings_shared(&self) -> Arc<Settings> {
        Arc::clone(&self.settings)
    }

    /// What a header rule gets for `query`; `None` if the message has no such thing.
    pub fn header(&self, query: &HeaderQuery) -> Option<Vec<u8>> {
        query.value(&self.source())
    }

    /// Where answers about headers come from.
    pub fn source(&self) -> Source<'_> {
        Source {
            headers: self.message.headers(),
            pristine_headers: self.message.pristine_headers(),
            relays: self.relays(),
            settings: &self.settings,
            metadata: &[],
            reached: Some(&self.reached),
            memo: Some(&self.memo),
        }
    }

    /// The hosts that the message passed.
    pub fn relays(&self) -> &Relays {
        self.relays.get_or_init(|| relay::read(self.message.headers(), &self.settings))
    }

    /// The `body` view: rendered paragraphs, the subject first.
    pub fn body(&self) -> &Pieces {
        self.body.get_or_init(|| {
            let subject = self.message.headers().last(b"Subject");
            let mut subject = subject.map(encoded_word::decoded).unwrap_or_default();
            subject.push(b'\n');
            let texts = self.texts().iter().map(Rendered::text);
            body::paragraphs(&subject, texts, self.settings.body_part_scan_size)
        })
    }

    /// Puts another text in place of the `body` view. URIs that were not asked for yet are
    /// then looked for in the new text.
    pub fn replace_body(&mut self, body: Pieces) {
        self.body = OnceCell::from(body);
    }

    /// The `rawbody` view: decoded chunks.
    pub fn rawbody(&self) -> &Pieces {
        self.rawbody
            .get_or_init(|| body::chunks(&self.message, self.settings.rawbody_part_scan_size))
    }

    /// The URIs of text, HTML and signatures.
    pub fn uris(&self) -> &Uris {
        self.uris.get_or_init(|| {
            let headers = self.message.headers();
            let fields = headers.all(b"DomainKey-Signature").chain(headers.all(b"DKIM-Signature"));
            let signatures: Vec<_> = fields.map(encoded_word::decoded).collect();
            let signatures = signatures.iter().map(Vec::as_slice);
            uri::collect(self.body(), self.html(), signatures, &self.settings)
        })
    }

    /// The rendered HTML parts, in order.
    pub fn html(&self) -> impl Iterator<Item = &Html> {
        self.texts().iter().filter_map(Rendered::html)
    }

    /// What each leaf gives to the `body` view, with the leaf's place in [`Message::parts`].
    pub fn rendered(&self) -> impl Iterator<Item = (usize, &Rendered)> {
        self.message.numbered_leaves().map(|(number, _)| number).zip(self.texts())
    }

    /// The limits that the message has reached so far.
    pub fn reached(&self) -> Reached {
        let mut reached = self.message.reached();
        reached.merge(self.reached.get());
        if let Some(relays) = self.relays.get() {
            reached.merge(relays.reached);
        }
        for html in self.texts.get().into_iter().flatten().filter_map(Rendered::html) {
            reached.merge(html.reached);
        }
        if let Some(uris) = self.uris.get() {
            reached.merge(uris.reached);
        }
        reached
    }

    fn texts(&self) -> &[Rendered] {
        self.texts.get_or_init(|| self.message.leaves().map(|part| self.render(part)).collect())
    }

    fn render(&self, part: &super::Part) -> Rendered {
        let normalize = self.settings.normalize_charset;
        match part.rendering() {
            Rendering::None => Rendered::Nothing,
            Rendering::Plain => {
                let (text, decoded) = body::text(part, normalize);
                Rendered::Plain(text.into_owned(), decoded)
            }
            Rendering::Html => {
                let (text, decoded) = body::text(part, normalize);
                let octets = part.decoded().len();
                let source = match (normalize, decoded) {
                    (_, true) => html::Source::Utf8,
                    (true, false) => html::Source::Ascii,
                    (false, false) => html::Source::Octets,
                };
                let text: Cow<'_, [u8]> = text;
                Rendered::Html(Box::new(html::render(&text, source, octets, &self.settings.limits)))
            }
        }
    }
}

impl Rendered {
    /// The text, and whether it is one of characters (UTF-8) or of octets.
    pub fn text(&self) -> (&[u8], bool) {
        match self {
            Rendered::Plain(text, decoded) => (text, *decoded),
            Rendered::Html(html) => (&html.text, html.wide),
            Rendered::Nothing => (b"", false),
        }
    }

    /// The HTML part.
    pub fn html(&self) -> Option<&Html> {
        match self {
            Rendered::Html(html) => Some(html),
            _ => None,
        }
    }
}
