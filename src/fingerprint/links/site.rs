//! Whose a URL is: the name that somebody had to get hold of.
//!
//! In: a [`Url`]. Out: its [`Site`]. For most hosts that is the registered domain (public
//! suffix list, private section included, so that `a.github.io` is a site of its own). Where
//! one domain holds the pages of many, the host name or the first parts of the path belong to
//! it ([`SHARED`]). Domains that everybody's mail leads to say nothing ([`COMMON`]).

use super::url::Url;

/// Who is behind a URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// A domain, an address, or a domain with what tells its customers apart.
    pub name: String,
    /// Is it one that wanted mail is full of? Then it says nothing by itself.
    pub common: bool,
}

/// What tells the customers of a shared domain apart.
enum Share {
    /// The whole host name.
    Host,
    /// The host name and so many parts of the path, as written.
    Path(usize),
    /// The host name and all of the path.
    Whole,
    /// The value of one of these parameters, else all of the path.
    Parameter(&'static [&'static str]),
}

/// Domains whose pages, files or short links are those of many, in alphabetical order.
const SHARED: &[(&str, Share)] = &[
    ("1drv.ms", Share::Whole),
    ("4shared.com", Share::Path(2)),
    ("adf.ly", Share::Whole),
    ("amazonaws.com", Share::Path(1)),
    ("archive.org", Share::Path(2)),
    ("azureedge.net", Share::Host),
    ("backblazeb2.com", Share::Path(2)),
    ("bit.do", Share::Whole),
    ("bit.ly", Share::Whole),
    ("bitly.com", Share::Whole),
    ("bitly.ws", Share::Whole),
    ("bl.ink", Share::Whole),
    ("blogspot.com", Share::Host),
    ("box.com", Share::Path(2)),
    ("buff.ly", Share::Whole),
    ("calendly.com", Share::Path(1)),
    ("canva.com", Share::Path(2)),
    ("clck.ru", Share::Whole),
    ("cutt.ly", Share::Whole),
    ("digitaloceanspaces.com", Share::Host),
    ("discord.com", Share::Path(3)),
    ("discord.gg", Share::Whole),
    ("discordapp.com", Share::Path(3)),
    ("docs.google.com", Share::Path(4)),
    ("drive.google.com", Share::Parameter(&["id"])),
    ("dropbox.com", Share::Path(3)),
    ("dropboxusercontent.com", Share::Path(2)),
    ("evernote.com", Share::Path(3)),
    ("firebasestorage.googleapis.com", Share::Path(3)),
    ("forms.gle", Share::Whole),
    ("forms.office.com", Share::Parameter(&["id"])),
    ("geocities.com", Share::Path(2)),
    ("github.com", Share::Path(2)),
    ("gitlab.com", Share::Path(2)),
    ("gofile.io", Share::Whole),
    ("goo.gl", Share::Whole),
    ("goo.su", Share::Whole),
    ("groups.google.com", Share::Path(3)),
    ("groups.yahoo.com", Share::Path(2)),
    ("heyl.ink", Share::Whole),
    ("hubs.ly", Share::Whole),
    ("hubspotlinks.com", Share::Host),
    ("icloud.com", Share::Path(2)),
    ("ift.tt", Share::Whole),
    ("imgur.com", Share::Whole),
    ("ipfs.io", Share::Path(2)),
    ("is.gd", Share::Whole),
    ("jotform.com", Share::Path(2)),
    ("linktr.ee", Share::Path(1)),
    ("list-manage.com", Share::Host),
    ("lnkd.in", Share::Whole),
    ("mediafire.com", Share::Path(2)),
    ("medium.com", Share::Path(1)),
    ("mega.nz", Share::Path(2)),
    ("notion.so", Share::Path(1)),
    ("onedrive.live.com", Share::Parameter(&["resid", "cid", "id"])),
    ("ow.ly", Share::Whole),
    ("pastebin.com", Share::Whole),
    ("qrco.de", Share::Whole),
    ("rb.gy", Share::Whole),
    ("rebrand.ly", Share::Whole),
    ("reurl.cc", Share::Whole),
    ("s.id", Share::Whole),
    ("scribd.com", Share::Path(2)),
    ("sendgrid.net", Share::Host),
    ("sendspace.com", Share::Path(2)),
    ("sharepoint.com", Share::Host),
    ("short.gy", Share::Host),
    ("shorturl.at", Share::Whole),
    ("shrtco.de", Share::Whole),
    ("sites.google.com", Share::Path(3)),
    ("slideshare.net", Share::Path(1)),
    ("snip.ly", Share::Whole),
    ("soundcloud.com", Share::Path(1)),
    ("storage.cloud.google.com", Share::Path(1)),
    ("storage.googleapis.com", Share::Path(1)),
    ("surl.li", Share::Whole),
    ("surveymonkey.com", Share::Path(2)),
    ("t.co", Share::Whole),
    ("t.ly", Share::Whole),
    ("telegra.ph", Share::Whole),
    ("tiny.cc", Share::Whole),
    ("tinyurl.com", Share::Whole),
    ("transfer.sh", Share::Whole),
    ("trello.com", Share::Path(2)),
    ("tripod.com", Share::Host),
    ("tumblr.com", Share::Host),
    ("typeform.com", Share::Host),
    ("u.to", Share::Whole),
    ("urlz.fr", Share::Whole),
    ("v.gd", Share::Whole),
    ("vimeo.com", Share::Path(1)),
    ("vk.cc", Share::Whole),
    ("we.tl", Share::Whole),
    ("wetransfer.com", Share::Path(2)),
    ("wixsite.com", Share::Host),
    ("x.co", Share::Whole),
    ("youtu.be", Share::Whole),
    ("zoom.us", Share::Path(2)),
];

/// Domains to which so many honest mails lead that a link there says nothing: makers of
/// programs and formats, networks, shops and the senders of bulk mail, in alphabetical order.
const COMMON: &[&str] = &[
    "adobe.com",
    "aexp-static.com",
    "akamai.net",
    "akamaihd.net",
    "alibaba.com",
    "aliexpress.com",
    "aliyun.com",
    "amazon.ca",
    "amazon.co.jp",
    "amazon.co.uk",
    "amazon.com",
    "amazon.de",
    "amazon.es",
    "amazon.fr",
    "amazon.in",
    "amazon.it",
    "amazonses.com",
    "americanexpress.com",
    "android.com",
    "aol.com",
    "apache.org",
    "apple.com",
    "atlassian.com",
    "atlassian.net",
    "avast.com",
    "avg.com",
    "baidu.com",
    "bankofamerica.com",
    "bankofireland.com",
    "barclays.co.uk",
    "bbc.co.uk",
    "bbc.com",
    "binance.com",
    "bing.com",
    "bluehost.com",
    "booking.com",
    "bootstrapcdn.com",
    "bstatic.com",
    "bugzilla.org",
    "campaign-archive.com",
    "canonical.com",
    "capitalone.com",
    "cdninstagram.com",
    "chase.com",
    "chinaunicom.com",
    "cisco.com",
    "citibank.com",
    "cloudflare.com",
    "cloudfront.net",
    "cnet.com",
    "cnn.com",
    "coinbase.com",
    "constantcontact.com",
    "createsend.com",
    "dailymotion.com",
    "debian.org",
    "dhl.com",
    "dhl.de",
    "disney.com",
    "disneyplus.com",
    "docusign.com",
    "docusign.net",
    "doubleclick.net",
    "dpd.co.uk",
    "dpd.com",
    "dropboxstatic.com",
    "ebay.co.uk",
    "ebay.com",
    "ebay.de",
    "ebayimg.com",
    "ebaystatic.com",
    "eloqua.com",
    "emltrk.com",
    "epicgames.com",
    "etsy.com",
    "eventbrite.com",
    "exacttarget.com",
    "expedia.com",
    "facebook.com",
    "facebook.net",
    "facebookmail.com",
    "fastly.net",
    "fb.com",
    "fb.me",
    "fbcdn.net",
    "fedex.com",
    "feedburner.com",
    "flickr.com",
    "fontawesome.com",
    "forbes.com",
    "force.com",
    "freebsd.org",
    "freedesktop.org",
    "getresponse.com",
    "gls-group.eu",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "gnome.org",
    "gnu.org",
    "go.com",
    "godaddy.com",
    "google-analytics.com",
    "google.ca",
    "google.co.in",
    "google.co.jp",
    "google.co.uk",
    "google.com",
    "google.com.au",
    "google.com.br",
    "google.de",
    "google.es",
    "google.fr",
    "google.it",
    "google.ru",
    "googleadservices.com",
    "googleapis.com",
    "googletagmanager.com",
    "googleusercontent.com",
    "govdelivery.com",
    "granicus.com",
    "gravatar.com",
    "gstatic.cn",
    "gstatic.com",
    "hotmail.com",
    "hp.com",
    "hs-sites.com",
    "hsbc.com",
    "hubspot.com",
    "hulu.com",
    "ibm.com",
    "ietf.org",
    "imdb.com",
    "instagram.com",
    "intel.com",
    "intuit.com",
    "ipswitch.com",
    "java.com",
    "jquery.com",
    "jsdelivr.net",
    "kde.org",
    "kernel.org",
    "klaviyo.com",
    "launchpad.net",
    "ledger.com",
    "licdn.com",
    "linkedin.com",
    "linux.org",
    "list-manage1.com",
    "list-manage2.com",
    "live.com",
    "lloydsbank.co.uk",
    "lloydsbank.com",
    "lycos.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailchimp.com",
    "mailgun.org",
    "mailman.org",
    "mandrillapp.com",
    "marketo.com",
    "mcafee.com",
    "mcusercontent.com",
    "me.com",
    "media-amazon.com",
    "messenger.com",
    "metamask.io",
    "microsoft.com",
    "microsoftonline.com",
    "mktoweb.com",
    "mozilla.org",
    "msads.net",
    "msn.com",
    "msnbc.com",
    "mysql.com",
    "natwest.com",
    "naver.com",
    "netflix.com",
    "netflix.net",
    "netscape.com",
    "nflxext.com",
    "nflximg.net",
    "nflxso.net",
    "norton.com",
    "nytimes.com",
    "office.com",
    "office.net",
    "office365.com",
    "openssl.org",
    "opera.com",
    "oracle.com",
    "osdn.com",
    "outlook.com",
    "pandora.com",
    "paypal-communication.com",
    "paypal.co.uk",
    "paypal.com",
    "paypalobjects.com",
    "perl.org",
    "php.net",
    "pinterest.com",
    "play.com",
    "postgresql.org",
    "postmarkapp.com",
    "python.org",
    "qq.com",
    "quora.com",
    "real.com",
    "reddit.com",
    "redhat.com",
    "responsys.net",
    "reuters.com",
    "roblox.com",
    "royalmail.com",
    "rs6.net",
    "salesforce-sites.com",
    "salesforce.com",
    "samsung.com",
    "santander.co.uk",
    "santander.com",
    "schema.org",
    "segment.com",
    "sentry.io",
    "shopify.com",
    "shopifycdn.com",
    "skype.com",
    "slack.com",
    "slashdot.org",
    "snapchat.com",
    "sony.com",
    "sourceforge.net",
    "spamassassin.org",
    "sparkpostmail.com",
    "spotify.com",
    "squarespace-cdn.com",
    "squarespace.com",
    "ssl-images-amazon.com",
    "stackoverflow.com",
    "steampowered.com",
    "stripe.com",
    "sun.com",
    "symantec.com",
    "target.com",
    "telegram.org",
    "tiktok.com",
    "tripadvisor.com",
    "trustpilot.com",
    "trustwallet.com",
    "twimg.com",
    "twitter.com",
    "typekit.net",
    "uber.com",
    "ubuntu.com",
    "unpkg.com",
    "ups.com",
    "usbank.com",
    "usps.com",
    "verisign.com",
    "viber.com",
    "vk.com",
    "w3.org",
    "walmart.com",
    "washingtonpost.com",
    "web.de",
    "weebly.com",
    "wellsfargo.com",
    "whatsapp.com",
    "whatsapp.net",
    "wikimedia.org",
    "wikipedia.org",
    "windows.com",
    "windows.net",
    "windowsupdate.com",
    "wix.com",
    "wordpress.com",
    "wordpress.org",
    "wp.com",
    "x.com",
    "xiti.com",
    "xmlsoap.org",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoogroups.co.uk",
    "yahoogroups.com",
    "yahoomail.com",
    "yandex.ru",
    "yimg.com",
    "youtube.com",
    "ytimg.com",
    "zdnet.com",
    "zendesk.com",
];

impl Site {
    /// The site of `url`; `None` if its host belongs to a registry or to nobody.
    pub fn of(url: &Url) -> Option<Site> {
        if url.is_address {
            return Some(Site { name: with_port(&url.host, url), common: false });
        }
        if let Some((name, share)) = shared(&url.host) {
            return Some(shared_site(url, name, share));
        }
        let domain = psl::domain_str(&url.host)?;
        let common = is_common(domain);
        Some(Site { name: with_port(domain, url), common: common && url.port.is_none() })
    }
}

/// Is `domain` one that says nothing?
pub fn is_common(domain: &str) -> bool {
    static SORTED: std::sync::LazyLock<std::collections::HashSet<&'static str>> =
        std::sync::LazyLock::new(|| COMMON.iter().copied().collect());
    SORTED.contains(domain)
}

fn with_port(name: &str, url: &Url) -> String {
    url.port.map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// The row of [`SHARED`] that `host` or a domain around it is in.
fn shared(host: &str) -> Option<(&'static str, &'static Share)> {
    let mut rest = host;
    while rest.contains('.') {
        if let Ok(at) = SHARED.binary_search_by_key(&rest, |row| row.0) {
            return SHARED.get(at).map(|(name, share)| (*name, share));
        }
        rest = rest.split_once('.')?.1;
    }
    None
}

fn shared_site(url: &Url, name: &str, share: &Share) -> Site {
    let joined =
        |count: usize| url.segments().take(count).fold(String::new(), |all, part| all + "/" + part);
    // `www.bit.ly` is `bit.ly`, but `bucket.s3.amazonaws.com` is its own.
    let host = url.host.strip_prefix("www.").unwrap_or(&url.host);
    let tail = match share {
        Share::Host => String::new(),
        Share::Path(count) => joined(*count),
        Share::Whole => joined(usize::MAX),
        Share::Parameter(keys) => keys
            .iter()
            .find_map(|key| url.parameter(key))
            .map_or_else(|| joined(usize::MAX), |value| format!("={value}")),
    };
    let common = tail.is_empty() && host == name;
    Site { name: format!("{host}{tail}"), common }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(raw: &str) -> String {
        let site = Site::of(&Url::read(raw, 8192).unwrap());
        site.map_or("none".to_owned(), |site| {
            format!("{}{}", site.name, if site.common { " common" } else { "" })
        })
    }

    #[test]
    fn tables_are_in_order() {
        assert!(SHARED.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_url_belongs_to_whoever_got_hold_of_its_name() {
        let table = [
            ("http://a.b.example.co.uk/x", "example.co.uk"),
            ("http://foo.github.io/x", "foo.github.io"),
            ("http://bit.ly/AbC?x", "bit.ly/AbC"),
            ("http://www.bit.ly/AbC", "bit.ly/AbC"),
            ("http://bit.ly/", "bit.ly common"),
            ("https://drive.google.com/file/d/1aB/view", "drive.google.com/file/d/1aB/view"),
            ("https://drive.google.com/open?id=1aB", "drive.google.com=1aB"),
            ("https://docs.google.com/forms/d/e/1aB/viewform", "docs.google.com/forms/d/e/1aB"),
            ("https://x.us1.list-manage.com/track?u=1", "x.us1.list-manage.com"),
            ("https://www.google.com/x", "google.com common"),
            ("http://example.com:8080/", "example.com:8080"),
            ("http://0300.0250.1.1:81/", "192.168.1.1:81"),
            ("http://co.uk/", "none"),
        ];
        for (raw, expected) in table {
            assert_eq!(site(raw), expected, "{raw}");
        }
    }
}
