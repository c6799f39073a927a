//! Received lines of many servers, and what SpamAssassin 4.0.1 reads in each of them.

use super::{Line, parse};

/// A line; the hop as `X-Spam-Relays-*` shows it, then whether the address is `private` and
/// whether the host has no name (`none`) or the server does not write names (`unknown`).
const LINES: &[(&[u8], &str)] = &[
    (
        b"from mail.sender.example (mail.sender.example [192.0.2.10]) by mx.here.example (Postfix) with ESMTP id 4ABCDEF012 for <me@here.example>; Mon, 2 Mar 2020 10:11:12 +0100 (CET)",
        "[ ip=192.0.2.10 rdns=mail.sender.example helo=mail.sender.example by=mx.here.example ident= envfrom= intl=0 id=4ABCDEF012 auth= msa=0 ]",
    ),
    (
        b"from unknown.example (unknown [198.51.100.7]) by mx.here.example (Postfix) with SMTP id 0123456789; Mon, 2 Mar 2020 10:11:12 +0100",
        "[ ip=198.51.100.7 rdns= helo=unknown.example by=mx.here.example ident= envfrom= intl=0 id=0123456789 auth= msa=0 ] none",
    ),
    (
        b"from pc (host.example[203.0.113.9]) by mx.here.example (Postfix) with ESMTPS id AA11BB22CC; Mon, 02 Mar 2020 10:11:12 +0100",
        "[ ip=203.0.113.9 rdns=host.example helo=pc by=mx.here.example ident= envfrom= intl=0 id=AA11BB22CC auth= msa=0 ]",
    ),
    (
        b"from [10.1.2.3] (client.example [203.0.113.9]) (Authenticated sender: joe@here.example) by mx.here.example (Postfix) with ESMTPSA id AA11BB22CC",
        "[ ip=203.0.113.9 rdns=client.example helo=!10.1.2.3! by=mx.here.example ident= envfrom= intl=0 id=AA11BB22CC auth=ESMTPSA msa=0 ]",
    ),
    (
        b"from laptop (client.example [203.0.113.9]) (Authenticated sender: joe) by mx.here.example (OurMail) with ESMTP id AA11BB22CC",
        "[ ip=203.0.113.9 rdns=client.example helo=laptop by=mx.here.example ident= envfrom= intl=0 id=AA11BB22CC auth=Postfix (OurMail) msa=0 ]",
    ),
    (
        b"from laptop (client.example [203.0.113.9]) (Authenticated sender: joe) by mx.here.example (Postfix) with SMTP id AA11BB22CC",
        "[ ip=203.0.113.9 rdns=client.example helo=laptop by=mx.here.example ident= envfrom= intl=0 id=AA11BB22CC auth=Postfix msa=0 ]",
    ),
    (
        b"from mail.v6.example (mail.v6.example [IPv6:2001:db8::25]) by mx.here.example (Postfix) with ESMTPS id 5DEADBEEF0 for <a@b.example>",
        "[ ip=2001:db8::25 rdns=mail.v6.example helo=mail.v6.example by=mx.here.example ident= envfrom= intl=0 id=5DEADBEEF0 auth= msa=0 ]",
    ),
    (
        b"from mail.v6.example (unknown [IPv6:2001:db8:1:2:3:4:5:6]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) by mx.here.example (Postfix) with ESMTPS id 5DEADBEEF0",
        "[ ip=2001:db8:1:2:3:4:5:6 rdns= helo=mail.v6.example by=mx.here.example ident= envfrom= intl=0 id=5DEADBEEF0 auth= msa=0 ] none",
    ),
    (
        b"from localhost (localhost [127.0.0.1]) by mx.here.example (Postfix) with ESMTP id 77AA",
        "[ ip=127.0.0.1 rdns=localhost helo=localhost by=mx.here.example ident= envfrom= intl=0 id=77AA auth= msa=0 ] private",
    ),
    (
        b"from localhost (localhost [::1]) by mx.here.example (Postfix) with LMTP id 77AABB",
        "[ ip=::1 rdns=localhost helo=localhost by=mx.here.example ident= envfrom= intl=0 id=77AABB auth= msa=0 ] private",
    ),
    (
        b"from relay.example (relay.example. [192.0.2.99]) by mx.here.example (8.15.2/8.15.2) with ESMTP id w1A2B3C4012345; Tue, 3 Mar 2020 01:02:03 GMT",
        "[ ip=192.0.2.99 rdns=relay.example helo=relay.example by=mx.here.example ident= envfrom= intl=0 id=w1A2B3C4012345 auth= msa=0 ]",
    ),
    (
        b"from relay.example (relay.example [192.0.2.99] (may be forged)) by mx.here.example (8.14.4/8.14.4) with ESMTP id abc123",
        "[ ip=192.0.2.99 rdns=relay.example helo=relay.example by=mx.here.example ident= envfrom= intl=0 id=abc123 auth= msa=0 ]",
    ),
    (
        b"from relay.example (IDENT:joe@relay.example [192.0.2.99]) by mx.here.example (8.9.3/8.9.3) with ESMTP id abc123",
        "[ ip=192.0.2.99 rdns=relay.example helo=relay.example by=mx.here.example ident=joe envfrom= intl=0 id=abc123 auth= msa=0 ]",
    ),
    (
        b"from relay.example (joe@relay.example [192.0.2.99]) by mx.here.example (8.9.3/8.9.3) with ESMTP id abc123",
        "[ ip=192.0.2.99 rdns=relay.example helo=relay.example by=mx.here.example ident=joe envfrom= intl=0 id=abc123 auth= msa=0 ]",
    ),
    (
        b"from relay.example (IDENT:a@b@relay.example [192.0.2.99]) by mx.here.example (8.9.3/8.9.3) with ESMTP id abc123",
        "[ ip=192.0.2.99 rdns=relay.example helo=relay.example by=mx.here.example ident=b envfrom= intl=0 id=abc123 auth= msa=0 ]",
    ),
    (
        b"from pc.example (joe@[192.0.2.99]) by mx.here.example (8.9.3/8.9.3) with SMTP id abc123",
        "[ ip=192.0.2.99 rdns= helo=pc.example by=mx.here.example ident=joe envfrom= intl=0 id=abc123 auth= msa=0 ] none",
    ),
    (
        b"from pc.example ([192.0.2.99]) by mx.here.example (8.11.6/8.11.6) with ESMTP id abc123",
        "[ ip=192.0.2.99 rdns= helo=pc.example by=mx.here.example ident= envfrom= intl=0 id=abc123 auth= msa=0 ] none",
    ),
    (
        b"from pc.example ([192.0.2.99]) (authenticated bits=0) by mx.here.example (8.12.5/8.12.5) with ESMTP id abc123",
        "[ ip=192.0.2.99 rdns= helo=pc.example by=mx.here.example ident= envfrom= intl=0 id=abc123 auth=Sendmail msa=0 ] none",
    ),
    (
        b"from pc.example (dsl.example [192.0.2.99]) (authenticated (0 bits)) by mx.here.example (8.12.5/8.12.5) with ESMTP id abc123",
        "[ ip=192.0.2.99 rdns=dsl.example helo=pc.example by=mx.here.example ident= envfrom= intl=0 id=abc123 auth=Sendmail msa=0 ]",
    ),
    (
        b"from pc.example (dsl.example [192.0.2.99]) (user=joe mech=PLAIN bits=0) by mx.here.example (8.13/8.13) with ESMTP id abc123",
        "[ ip=192.0.2.99 rdns=dsl.example helo=pc.example by=mx.here.example ident= envfrom= intl=0 id=abc123 auth= msa=0 ]",
    ),
    (
        b"from host.example ([192.0.2.5] helo=pc.example) by mx.here.example with esmtp (Exim 4.92) (envelope-from <joe@host.example>) id 1j8abc-0001Ab-2C for me@here.example; Mon, 02 Mar 2020 10:11:12 +0100",
        "[ ip=192.0.2.5 rdns=host.example helo=pc.example by=mx.here.example ident= envfrom=joe@host.example intl=0 id=1j8abc-0001Ab-2C auth= msa=0 ]",
    ),
    (
        b"from [192.0.2.5] (helo=pc.example) by mx.here.example with esmtp (Exim 4.92) id 1j8abc-0001Ab-2C",
        "[ ip=192.0.2.5 rdns= helo=pc.example by=mx.here.example ident= envfrom= intl=0 id=1j8abc-0001Ab-2C auth= msa=0 ] unknown",
    ),
    (
        b"from [192.0.2.5] (helo=pc.example ident=joe) by mx.here.example with esmtp (Exim 4.92) id 1j8abc-0001Ab-2C",
        "[ ip=192.0.2.5 rdns= helo=pc.example by=mx.here.example ident=joe envfrom= intl=0 id=1j8abc-0001Ab-2C auth= msa=0 ] unknown",
    ),
    (
        b"from [192.0.2.5] (port=4711 helo=[10.0.0.1]) by mx.here.example with esmtpa (Exim 4.80) id 1j8abc-0001Ab-2C",
        "[ ip=192.0.2.5 rdns= helo=!10.0.0.1! by=mx.here.example ident= envfrom= intl=0 id=1j8abc-0001Ab-2C auth=esmtpa msa=0 ] unknown",
    ),
    (
        b"from host.example ([192.0.2.5]:40123 helo=pc.example) by mx.here.example with esmtps (TLS1.2:ECDHE:256) (Exim 4.92) id 1j8abc",
        "[ ip=192.0.2.5 rdns=host.example helo=pc.example by=mx.here.example ident= envfrom= intl=0 id=1j8abc auth= msa=0 ]",
    ),
    (
        b"from host.example ([192.0.2.5] ident=joe) by mx.here.example with smtp (Exim 3.36) id 1j8abc",
        "[ ip=192.0.2.5 rdns=host.example helo=host.example by=mx.here.example ident=joe envfrom= intl=0 id=1j8abc auth= msa=0 ]",
    ),
    (
        b"from host.example ([2001:db8::5] helo=pc.example) by mx.here.example with esmtps (Exim 4.92) id 1j8abc-0001Ab-2C",
        "[ ip=2001:db8::5 rdns=host.example helo=pc.example by=mx.here.example ident= envfrom= intl=0 id=1j8abc-0001Ab-2C auth= msa=0 ]",
    ),
    (
        b"from host.example [192.0.2.5] by mx.here.example with esmtp (Exim 4.92) id 1j8abc",
        "[ ip=192.0.2.5 rdns=host.example helo=host.example by=mx.here.example ident= envfrom= intl=0 id=1j8abc auth= msa=0 ]",
    ),
    (
        b"from host.example [192.0.2.5]:999 by mx.here.example with esmtp (Exim 4.92) id 1j8abc",
        "[ ip=192.0.2.5 rdns=host.example helo=host.example by=mx.here.example ident= envfrom= intl=0 id=1j8abc auth= msa=0 ]",
    ),
    (
        b"from first.example (second.example) [192.0.2.5.4711] (mail) by mx.here.example with esmtp (Exim 4.92) id 1j8abc",
        "[ ip=192.0.2.5 rdns=first.example helo=second.example by=mx.here.example ident= envfrom= intl=0 id=1j8abc auth= msa=0 ]",
    ),
    (
        b"from joe by mx.here.example with local (Exim 4.92) id 1j8abc-0001Ab-2C",
        "ignored",
    ),
    (
        b"from joe (helo=localhost) by mx.here.example with local-esmtp (Exim 4.92) id 1j8abc",
        "ignored",
    ),
    (
        b"from somewhere by mx.here.example with esmtp (Exim 4.92) id 1j8abc",
        "ignored",
    ),
    (
        b"from joe by mx.here.example with local for <me@here.example> id 1j8abc",
        "ignored",
    ),
    (
        b"from unknown (HELO pc.example) (192.0.2.77) by mx.here.example with SMTP; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns= helo=pc.example by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from host.example (HELO pc.example) (192.0.2.77) by mx.here.example with SMTP; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns=host.example helo=pc.example by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from host.example (HELO pc.example) (joe@192.0.2.77) by mx.here.example with SMTP; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns=host.example helo=pc.example by=mx.here.example ident=joe envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from host.example (joe@192.0.2.77) by mx.here.example with SMTP; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns=host.example helo=host.example by=mx.here.example ident=joe envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from host.example (192.0.2.77) by mx.here.example with SMTP; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns=host.example helo=host.example by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from unknown (192.0.2.77) by mx.here.example with SMTP; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns= helo=unknown by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from host.example (EHLO ) (192.0.2.77) by mx.here.example with SMTP; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns=host.example helo= by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from host.example (HELO pc.example) ([192.0.2.77]) (envelope-sender <joe@host.example>) by mx.here.example (qmail-ldap-1.03) with SMTP for <me@here.example>; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns=host.example helo=pc.example by=mx.here.example ident= envfrom=joe@host.example intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from host.example (HELO pc.example) (joe@192.0.2.77 with plain) by smtp.mail.example with SMTP; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns=host.example helo=pc.example by=smtp.mail.example ident=joe envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from host.example (HELO pc) (2001:db8::77) by mx.here.example with ESMTPS (DHE-RSA-AES256-SHA encrypted); 2 Mar 2020 09:10:11 -0000",
        "[ ip=2001:db8::77 rdns=host.example helo=pc by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from host.example (HELO [1.2.3.4]) (192.0.2.77) by mx.here.example with RC4-SHA encrypted SMTP; 2 Mar 2020 09:10:11 -0000",
        "[ ip=192.0.2.77 rdns=host.example helo=!1.2.3.4! by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from host.example (HELO pc.example) (192.0.2.77) by mx.here.example (qpsmtpd/0.84) with ESMTP; Mon, 02 Mar 2020 09:10:11 +0000",
        "[ ip=192.0.2.77 rdns=host.example helo=pc.example by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from host.example (EHLO pc.example) [192.0.2.77] by mail.gmx.example (mp010) with SMTP; 02 Mar 2020 09:10:11 +0100",
        "[ ip=192.0.2.77 rdns=host.example helo=pc.example by=mail.gmx.example ident= envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from pc (EHLO pc.example) [192.0.2.77] by mail.gmx.net (mp010) with SMTP; 02 Mar 2020 09:10:11 +0100",
        "[ ip=192.0.2.77 rdns=pc helo=pc.example by=mail.gmx.net ident= envfrom= intl=0 id= auth=GMX (SMTP / mail.gmx.net) msa=0 ]",
    ),
    (
        b"from host.example (LHLO host.example) (10.2.2.20) by host.example with LMTP; Thu, 5 Mar 2020 16:50:56 -0700 (PDT)",
        "[ ip=10.2.2.20 rdns=host.example helo=host.example by=host.example ident= envfrom= intl=0 id= auth= msa=0 ] private",
    ),
    (
        b"(qmail 1234 invoked from network); 2 Mar 2020 09:10:11 -0000",
        "ignored",
    ),
    (
        b"(qmail 1234 invoked by uid 1000); 2 Mar 2020 09:10:11 -0000",
        "ignored",
    ),
    (
        b"by mx.here.example (Postfix, from userid 1000) id 0123456789; Mon, 2 Mar 2020 10:11:12 +0100 (CET)",
        "ignored",
    ),
    (
        b"from pc ([192.0.2.5]) by mx.here.example with Microsoft SMTPSVC(6.0.3790.4675); Mon, 2 Mar 2020 10:11:12 +0100",
        "[ ip=192.0.2.5 rdns= helo=pc by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from pc ([192.0.2.5] RDNS failed) by mx.here.example with Microsoft SMTPSVC(6.0.3790.4675); Mon, 2 Mar 2020 10:11:12 +0100",
        "[ ip=192.0.2.5 rdns= helo=pc by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from  ([192.0.2.5]) by mx.here.example with Microsoft SMTPSVC(6.0.3790.4675)",
        "[ ip=192.0.2.5 rdns= helo= by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from mail pickup service by mx.here.example with Microsoft SMTPSVC; Mon, 2 Mar 2020 10:11:12 +0100",
        "ignored",
    ),
    (
        b"from EX1.corp.example (10.45.252.152) by EX2.corp.example (10.45.252.153) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.1.1261.35; Mon, 29 Oct 2018 11:17:19 +0100",
        "[ ip=10.45.252.152 rdns=EX1.corp.example helo=EX1.corp.example by=EX2.corp.example ident= envfrom= intl=0 id=15.1.1261.35 auth= msa=0 ] private",
    ),
    (
        b"from EX1.corp.example (192.0.2.152) by EX2.corp.example (10.45.252.153) with Microsoft SMTP Server id 8.3.279.5; Mon, 29 Oct 2018 11:17:19 +0100",
        "[ ip=192.0.2.152 rdns=EX1.corp.example helo=EX1.corp.example by=EX2.corp.example ident= envfrom= intl=0 id=8.3.279.5 auth= msa=0 ]",
    ),
    (
        b"from EX1.corp.example ([fe80::19bd:c588:dd17:5226]) by EX2.corp.example ([fe80::19bd:c588:dd17:5226%6]) with mapi id 15.20.1943.023; Wed, 5 Jun 2019 10:17:08 +0000",
        "[ ip=fe80::19bd:c588:dd17:5226 rdns= helo=EX1.corp.example by=EX2.corp.example ident= envfrom= intl=0 id= auth= msa=0 ] private unknown",
    ),
    (
        b"from EX1.corp.example ([fe80::19bd%12]) by EX2.corp.example ([fe80::1]) with mapi id 14.03.0123.003; Wed, 5 Jun 2019 10:17:08 +0000",
        "[ ip=fe80::19bd rdns= helo=EX1.corp.example by=EX2.corp.example ident= envfrom= intl=0 id= auth= msa=0 ] private unknown",
    ),
    (
        b"from AM0EUR02FT031.eop-EUR02.prod.protection.outlook.com (2a01:111:e400:7e0b::202) by AM0PR0502CA0070.outlook.office365.com (2603:10a6:208:56::47) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.20.2772.14 via Frontend Transport; Mon, 2 Mar 2020 09:10:11 +0000",
        "[ ip=2a01:111:e400:7e0b::202 rdns=AM0EUR02FT031.eop-EUR02.prod.protection.outlook.com helo=AM0EUR02FT031.eop-EUR02.prod.protection.outlook.com by=AM0PR0502CA0070.outlook.office365.com ident= envfrom= intl=0 id=15.20.2772.14 auth= msa=0 ]",
    ),
    (
        b"from 192.0.2.5 by mx.here.example (InterScan E-Mail VirusWall NT); Mon, 02 Mar 2020 12:02:35 -0800",
        "[ ip=192.0.2.5 rdns= helo= by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from ex.example (192.0.2.55 [192.0.2.55]) by mx.here.example with SMTP (Microsoft Exchange Internet Mail Service Version 5.5.1960.3) id G69TW478; Thu, 13 Mar 2003 14:01:10 -0500",
        "[ ip=192.0.2.55 rdns=192.0.2.55 helo=ex.example by=mx.here.example ident= envfrom= intl=0 id=G69TW478 auth= msa=0 ]",
    ),
    (
        b"from SPIDER with Internet Mail Service (5.5.2653.19) id <19AF8VY2>; Tue, 25 Mar 2003 11:58:27 -0500",
        "unparseable",
    ),
    (
        b"from notes.example ([192.0.2.66]) by domino.here.example (Lotus Domino Release 8.5.3) with ESMTP id 2020030210111212-12345 ; Mon, 2 Mar 2020 10:11:12 +0100",
        "[ ip=192.0.2.66 rdns= helo=notes.example by=domino.here.example ident= envfrom= intl=0 id=2020030210111212-12345 auth= msa=0 ] unknown",
    ),
    (
        b"from host.example (192.0.2.77:23198) by mx.here.example with [XMail 1.27 ESMTP Server] id <S72E> for <me@here.example> from <joe@host.example>; Sat, 18 Sep 2004 23:17:54 -0500",
        "[ ip=192.0.2.77 rdns= helo=host.example by=mx.here.example ident= envfrom=joe@host.example intl=0 id=S72E auth= msa=0 ] unknown",
    ),
    (
        b"from host.example ([192.0.2.77]:23198) by mx.here.example (198.51.100.1:25) with [XMail 1.27 ESMTP Server] id <S72E> for <me@here.example> from <joe@host.example>",
        "[ ip=192.0.2.77 rdns= helo=host.example by=mx.here.example ident= envfrom=joe@host.example intl=0 id=S72E auth= msa=0 ] unknown",
    ),
    (
        b"from ([10.225.209.19:33672]) by ecelerity-va-1 (ecelerity HEAD) with SMTP id EE/20-30863-33CE1054; Fri, 08 Sep 2006 18:18:27 -0400",
        "ignored",
    ),
    (
        b"from ([192.0.2.151:49601] helo=dev1.example) by m12.example (ecelerity 2.1.1.3 r(11743)) with ESMTP id 52/92-02454-89FBA054",
        "[ ip=192.0.2.151 rdns= helo=dev1.example by=m12.example ident= envfrom= intl=0 id=52/92-02454-89FBA054 auth= msa=0 ] unknown",
    ),
    (
        b"from mx ([2001:db8::9:49601]) by m12.example (ecelerity 2.1.1.3) with ESMTP id 52/92",
        "unparseable",
    ),
    (
        b"from pc (` 72.242.176.162) by mx.here.example (Scalix SMTP Relay 10.0.1.3) via ESMTP; Fri, 23 Jun 2006 16:39:47 -0500 (CDT)",
        "unparseable",
    ),
    (
        b"from pc ( 192.0.2.162) by mx.here.example (Scalix SMTP Relay 10.0.1.3) via ESMTP; Fri, 23 Jun 2006 16:39:47 -0500 (CDT)",
        "[ ip=192.0.2.162 rdns= helo=pc by=mx.here.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from 192.0.2.28 ([192.0.2.28]) by webmail.example (IMP) with HTTP for <joe@localhost>; Sun, 11 Apr 2004 00:31:07 +0100",
        "[ ip=192.0.2.28 rdns= helo= by=webmail.example ident= envfrom= intl=0 id= auth=HTTP msa=0 ] unknown",
    ),
    (
        b"from 192.0.2.122 (SquirrelMail authenticated user joe) by mail.here.example with HTTP; Sat, 3 Apr 2004 10:33:43 -0500 (EST)",
        "[ ip=192.0.2.122 rdns= helo= by=mail.here.example ident= envfrom= intl=0 id= auth=HTTP msa=0 ] unknown",
    ),
    (
        b"from 192.0.2.122 (proxying for 10.0.0.9) (SquirrelMail authenticated user joe) by mail.here.example with HTTP",
        "[ ip=192.0.2.122 rdns= helo= by=mail.here.example ident= envfrom= intl=0 id= auth=HTTP msa=0 ] unknown",
    ),
    (
        b"from 192.0.2.198 by FWM-M18.sysops.aol.com (64.12.168.82) with HTTP (WebMailUI); Tue, 19 Jun 2007 11:16:54 -0400",
        "[ ip=192.0.2.198 rdns= helo= by=FWM-M18.sysops.aol.com ident= envfrom= intl=0 id= auth=HTTP msa=0 ] unknown",
    ),
    (
        b"from mail2.example ([192.0.2.18] helo=fw.example) by mail4.example with smtp id 190K1R-0000me-00 for x@y.example",
        "[ ip=192.0.2.18 rdns=mail2.example helo=fw.example by=mail4.example ident= envfrom= intl=0 id=190K1R-0000me-00 auth= msa=0 ]",
    ),
    (
        b"from pc.example (<unknown.domain>[192.0.2.9]) by rw.example (rwcrmhc53) with SMTP id <2002112823351305300akl1ue>; Thu, 28 Nov 2002 23:35:13 +0000",
        "[ ip=192.0.2.9 rdns= helo=pc.example by=rw.example ident= envfrom= intl=0 id=2002112823351305300akl1ue auth= msa=0 ] unknown",
    ),
    (
        b"from att.example (h0.client.example[192.0.2.27]) by rw.example (rwcrmhc53) with SMTP id <2003022219343805>",
        "[ ip=192.0.2.27 rdns=h0.client.example helo=att.example by=rw.example ident= envfrom= intl=0 id=2003022219343805 auth= msa=0 ]",
    ),
    (
        b"from 192.0.2.21 by lw11fd.law11.hotmail.msn.com with HTTP; Wed, 24 Jul 2002 16:36:44 GMT",
        "[ ip=192.0.2.21 rdns= helo= by=lw11fd.law11.hotmail.msn.com ident= envfrom= intl=0 id= auth=HTTP msa=0 ] unknown",
    ),
    (
        b"from host by lw11fd.law11.hotmail.msn.com with HTTP; Wed, 24 Jul 2002 16:36:44 GMT",
        "[ ip= rdns= helo= by=lw11fd.law11.hotmail.msn.com ident= envfrom= intl=0 id= auth=HTTP msa=0 ] unknown",
    ),
    (
        b"from [192.0.2.134] by web40310.mail.yahoo.com via HTTP; Wed, 12 Feb 2003 14:22:21 PST",
        "[ ip=192.0.2.134 rdns= helo= by=web40310.mail.yahoo.com ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from [192.0.2.134] by web40310.mail.yahoo.com via HTTP; Wed, 12 Feb 2003 14:22:21 +0000",
        "[ ip=192.0.2.134 rdns= helo= by=web40310.mail.yahoo.com ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from 192.168.5.158 ( [192.168.5.158]) as user joe@localhost by mail.example with HTTP; Mon, 8 Jul 2002 23:24:56 -0400",
        "[ ip=192.168.5.158 rdns= helo= by=mail.example ident= envfrom= intl=0 id= auth=HTTP msa=0 ] private unknown",
    ),
    (
        b"from (192.0.2.194 [192.0.2.194]) by mail.example with ESMTP id BQB0hUH2 Thu, 20 Feb 2003 16:13:20 -0700 (PST)",
        "[ ip=192.0.2.194 rdns= helo=192.0.2.194 by=mail.example ident= envfrom= intl=0 id=BQB0hUH2 auth= msa=0 ] unknown",
    ),
    (
        b"from [192.0.2.251] by relay.example (MessageWall 1.1.0) with SMTP; 20 Feb 2003 23:57:15 -0000",
        "[ ip=192.0.2.251 rdns= helo= by=relay.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from (192.0.2.186) by gw.example via smtp id 021b_7e19a55a; Tue, 23 May 2006 13:06:35 -0400",
        "[ ip=192.0.2.186 rdns= helo= by=gw.example ident= envfrom= intl=0 id=021b_7e19a55a auth= msa=0 ] unknown",
    ),
    (
        b"from ([192.0.2.10]) by out.example with ESMTP  id 4420961.8281; Tue, 22 Aug 2006 17:53:08 -0400",
        "[ ip=192.0.2.10 rdns= helo= by=out.example ident= envfrom= intl=0 id=4420961.8281 auth= msa=0 ] unknown",
    ),
    (
        b"from pc [192.0.2.95] by scan.example [198.51.100.27] with SMTP (MDaemon.PRO.v5.0.6.R) for <x@y.example>; Fri, 21 Feb 2003 09:32:27 +1000",
        "[ ip=192.0.2.95 rdns= helo=pc by=scan.example ident= envfrom= intl=0 id= auth= msa=0 ] none",
    ),
    (
        b"from pc [(192.0.2.21)] by mail.example (198.51.100.24) (MDaemon PRO v19.0.2) with ESMTP id md50018233933.msg",
        "[ ip=192.0.2.21 rdns= helo=pc by=mail.example ident= envfrom= intl=0 id=md50018233933.msg auth= msa=0 ] unknown",
    ),
    (
        b"from umr (umr.example [192.0.2.64]) via ESMTP by relay.example (8.12.1/) id h06GHYLZ022481; Mon, 6 Jan 2003 10:17:34 -0600",
        "[ ip=192.0.2.64 rdns=umr.example helo=umr by=relay.example ident= envfrom= intl=0 id=h06GHYLZ022481 auth= msa=0 ]",
    ),
    (
        b"from Agni (localhost [::ffff:127.0.0.1]) (TLS: TLSv1/SSLv3, 168bits,DES-CBC3-SHA) by agni.example with esmtp; Mon, 28 Oct 2002 14:48:52 -0800",
        "[ ip=127.0.0.1 rdns=localhost helo=Agni by=agni.example ident= envfrom= intl=0 id= auth= msa=0 ] private",
    ),
    (
        b"from bush.example (softdnserr [::ffff:192.0.2.67]) by mail.example with esmtp; Fri, 22 Aug 2003 12:25:41 +0300",
        "[ ip=192.0.2.67 rdns= helo=bush.example by=mail.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from [192.0.2.1] (dsl.example [::ffff:192.0.2.99]) (AUTH: PLAIN joe, TLS: TLSv1/SSLv3,256bits,AES256-SHA) by mail.example with esmtp; Mon, 2 Mar 2020 10:11:12 +0100",
        "[ ip=192.0.2.99 rdns=dsl.example helo=!192.0.2.1! by=mail.example ident= envfrom= intl=0 id= auth=PLAIN msa=0 ]",
    ),
    (
        b"from js.example ([192.0.2.24.63559]) by mailhost.example with esmtp  (v3.35.1) id 1GNrLz-000295-00; Thu, 14 Sep 2006 09:34:07 -0400",
        "[ ip=192.0.2.24 rdns= helo=js.example by=mailhost.example ident= envfrom= intl=0 id=1GNrLz-000295-00 auth= msa=0 ] none",
    ),
    (
        b"from js.example ([192.0.2.24]:63559) by mailhost.example with esmtp id 1GNrLz",
        "[ ip=192.0.2.24 rdns= helo=js.example by=mailhost.example ident= envfrom= intl=0 id=1GNrLz auth= msa=0 ] unknown",
    ),
    (
        b"from mail.example [127.0.0.1] by localhost with IMAP (fetchmail-6.3.26) for <joe@localhost> (single-drop); Thu, 13 Mar 2003 20:39:56 -0800 (PST)",
        "ignored",
    ),
    (
        b"from pop3.example (192.0.2.251) by loki.here with POP3; 14 Apr 2010 11:14:29 -0000",
        "ignored",
    ),
    (
        b"from snake.example(192.0.2.229) by x.example via smap (V1.3) id xma093673; Wed, 26 Mar 03 20:43:24 -0600",
        "[ ip=192.0.2.229 rdns=snake.example helo= by=x.example ident= envfrom= intl=0 id=xma093673 auth= msa=0 ]",
    ),
    (
        b"from snake.example(192.0.2.51, HELO smtp.example) by x.example via smap (V1.3) id xma002908; Fri, 27 Feb 04 14:16:56 -0800",
        "[ ip=192.0.2.51 rdns=snake.example helo=smtp.example by=x.example ident= envfrom= intl=0 id=xma002908 auth= msa=0 ]",
    ),
    (
        b"from muc.example by slarti.example with BSMTP (rsmtp-qm-ot 0.4) for x@y.example; 7 Mar 2003 21:10:38 -0000",
        "ignored",
    ),
    (
        b"from [192.0.2.104] (account nazgul HELO [192.168.1.104]) by x.example (CommuniGate Pro SMTP 3.5.7) with ESMTP-TLS id 2088434; Fri, 07 Mar 2003 13:05:06 -0500",
        "[ ip=192.0.2.104 rdns= helo=!192.168.1.104! by=x.example ident= envfrom= intl=0 id=2088434 auth=Communigate msa=0 ] unknown",
    ),
    (
        b"from host.example ([192.0.2.1] verified) by mail.example (CommuniGate Pro SMTP 5.1.13) with ESMTP id 9786656 for user@example.net; Thu, 27 Mar 2008 15:08:17 +0600",
        "[ ip=192.0.2.1 rdns=host.example helo=host.example by=mail.example ident= envfrom= intl=0 id=9786656 auth= msa=0 ]",
    ),
    (
        b"from [192.0.2.30] (account joe [192.0.2.30] verified) by x.example (CommuniGate Pro SMTP 4.0.3) with ESMTP-TLS id 5026665 for x@y.example; Wed, 15 Jan 2003 16:27:05 +0100",
        "[ ip=192.0.2.30 rdns= helo= by=x.example ident= envfrom= intl=0 id=5026665 auth=Communigate msa=0 ] unknown",
    ),
    (
        b"from 01al.example ([192.0.2.141] [192.0.2.141]) by aismtp.example with ESMTP; Mon, 10 Mar 2003 11:10:41 -0500",
        "[ ip=192.0.2.141 rdns= helo=01al.example by=aismtp.example ident= envfrom= intl=0 id= auth= msa=0 ] none",
    ),
    (
        b"from 192.0.2.153 by dm3.example with ESMTP (Tumbleweed MMS SMTP Relay (MMS v5.0)); Mon, 24 Mar 2003 19:49:48 -0500",
        "[ ip=192.0.2.153 rdns= helo= by=dm3.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from [192.0.2.81]:50999 (HELO df.example) by fsav ([10.128.128.74]:25) (F-Secure Anti-Virus 6.0.34 Release) with SMTP; Tue, 5 Mar 2002 14:11:53 -0000",
        "[ ip=192.0.2.81 rdns= helo=df.example by=fsav ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from 192.0.2.250 (HELO daisy) by smtp.example (198.51.100.152) with SMTP; 19 Sep 2002 17:03:17 +0000",
        "[ ip=192.0.2.250 rdns= helo=daisy by=smtp.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from oem [192.0.2.195] by highstream.example (SMTPD32-7.07) id A4CE7F2A0028; Sat, 01 Feb 2003 21:39:10 -0500",
        "[ ip=192.0.2.195 rdns= helo=oem by=highstream.example ident= envfrom= intl=0 id=A4CE7F2A0028 auth= msa=0 ] unknown",
    ),
    (
        b"from nodnsquery(192.0.2.12) by herbivore.example via csmap (V4.1) id srcAAAyHaywy",
        "[ ip=192.0.2.12 rdns=nodnsquery helo= by=herbivore.example ident= envfrom= intl=0 id=srcAAAyHaywy auth= msa=0 ]",
    ),
    (
        b"from j.example (unverified [192.0.2.131]) by ni.example <B0014212518@ni.example>; Tue, 11 Feb 2003 12:18:12 +0000",
        "[ ip=192.0.2.131 rdns=unverified helo=j.example by=ni.example ident= envfrom= intl=0 id= auth= msa=0 ]",
    ),
    (
        b"from 192.0.2.11 (SomeProxy for you) by j.example with HTTP",
        "[ ip=192.0.2.11 rdns= helo= by=j.example ident= envfrom= intl=0 id= auth=HTTP msa=0 ] unknown",
    ),
    (
        b"from TCE.example(192.0.2.54) via SMTP by st.example, id smtpdEDUB8h; Sun Nov 13 14:50:12 2005",
        "[ ip=192.0.2.54 rdns=TCE.example helo= by=st.example ident= envfrom= intl=0 id=smtpdEDUB8h auth= msa=0 ]",
    ),
    (
        b"from UNKNOWN(192.0.2.54), claiming to be \"foo.example\" via SMTP by st.example, id smtpd1PBsZT; Sun Nov 13 15:38:52 2005",
        "[ ip=192.0.2.54 rdns= helo=foo.example by=st.example ident= envfrom= intl=0 id=smtpd1PBsZT auth= msa=0 ] unknown",
    ),
    (
        b"from itrq (lucille@192.0.2.183 with login) by smtp111.mail.ne1.yahoo.com with SMTP; 17 Jan 2011 08:23:27 -0800 PST",
        "[ ip=192.0.2.183 rdns= helo=itrq by=smtp111.mail.ne1.yahoo.com ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from gw.example ([192.0.2.1]) by eagle.example via smtpd (for [198.51.100.98]) with SMTP; Wed, 08 Oct 2003 16:25:37 -0400",
        "[ ip=192.0.2.1 rdns= helo=gw.example by=eagle.example ident= envfrom= intl=0 id= auth= msa=0 ] none",
    ),
    (
        b"from raptor.example (bala@localhost) by raptor.example (SGI-8.9.3/8.8.7) with ESMTP id KAA14788",
        "ignored",
    ),
    (
        b"from 127.0.0.1 (AVG SMTP 7.0.299 [265.6.8]); Wed, 05 Jan 2005 15:06:48 -0800",
        "ignored",
    ),
    (
        b"from joe@example.com by imo.example (mail_out_v34.13.) id 7.53.208064a0 (4394); Sat, 11 Jan 2003 23:24:31 -0500 (EST)",
        "ignored",
    ),
    (
        b"from Unknown/Local ([?.?.?.?]) by mailcity.example; Fri, 17 Jan 2003 15:23:29 -0000",
        "ignored",
    ),
    (
        b"from (AUTH: e40a9cea) by vqx.example with esmtp (courier-0.40) for <x@y.example>; Mon, 03 Mar 2003 14:49:28 +0000",
        "ignored",
    ),
    (
        b"from localhost (localhost [[UNIX: localhost]]) by home.example (8.12.11/8.12.11/Submit) id iBADHRP6011034",
        "ignored",
    ),
    (
        b"from GWGC6-MTA by gc6.example with Novell_GroupWise; Tue, 30 Nov 2004 10:09:15 -0700",
        "ignored",
    ),
    (
        b"from MATT by hippo.example via smtpd (for mail.example [192.0.2.219]) with SMTP; 3 Jul 2002 15:43:50 UT",
        "ignored",
    ),
    (
        b"from senmail2.example with LMTP by senmail2 (3.0.2/sieved-3-0-build-942) for <x@y.example>; Fri, 30 Jun 2006 10:58:41 -0400",
        "ignored",
    ),
    (
        b"from MjA3NDc4Mg (unknown) by ismtpd0001p1lon1.sendgrid.net (SG) with HTTP id aqHKNX2kSp; Thu, 02 Apr 2020 07:53:55.516 +0000 (UTC)",
        "ignored",
    ),
    (
        b"from localhost (example.com [local]) by example.com (OpenSMTPD) with ESMTPA id 5db34e0d for <x@y.example>",
        "ignored",
    ),
    (
        b"from mail.payex.example id <B5b8f11e30004>; Wed, 05 Sep 2018 01:14:43 +0200",
        "ignored",
    ),
    (
        b"from 384836569573 named unknown by gmailapi.google.com with HTTPREST; Wed, 6 Mar 2019 03:39:24 -0500",
        "ignored",
    ),
    (
        b"FROM hackers.example (smtp.example [192.0.2.81]) BY madman.example ID 434B508E.174A6.13932 ; 11 Oct 2005 01:41:34 -0400",
        "[ ip=192.0.2.81 rdns=smtp.example helo=hackers.example by=madman.example ident= envfrom= intl=0 id=434B508E.174A6.13932 auth= msa=0 ]",
    ),
    (
        b"FROM [192.168.1.24] (unverified [192.0.2.216]) BY hackers.example ID 434B5051.8CDE5.15436 ; 11 Oct 2005 01:40:33 -0400",
        "[ ip=192.0.2.216 rdns= helo=!192.168.1.24! by=hackers.example ident= envfrom= intl=0 id=434B5051.8CDE5.15436 auth= msa=0 ] none",
    ),
    (
        b"(from localhost [192.0.2.240]) by host.example (NAVGW 2.5.2.12) with SMTP id M2006060503484615455 for <x@y.example>; Mon, 05 Jun 2006 03:48:47 +0100",
        "[ ip=192.0.2.240 rdns= helo=localhost by=host.example ident= envfrom= intl=0 id=M2006060503484615455 auth= msa=0 ] unknown",
    ),
    (
        b"(from joe@localhost) by home.example (8.12.11/8.12.11/Submit) id iBADHRP6011034; Fri, 10 Dec 2004 13:17:27 GMT",
        "ignored",
    ),
    (
        b"(from joe@example.com) by m06.example(jqueuemail) id LRVB3JAJ; Fri, 02 Jun 2006 08:15:21 PDT",
        "ignored",
    ),
    (
        b"From mixed.example (mixed.example [192.0.2.81]) by me.example (x) with SMTP id 1",
        "[ ip=192.0.2.81 rdns= helo= by=me.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"fRoM mixed.example ([192.0.2.81]) by me.example",
        "[ ip=192.0.2.81 rdns= helo= by=me.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from virtual.example by bolero.example ; Thu, 20 Feb 2003 23:32:58 +0100",
        "ignored",
    ),
    (
        b"from [192.0.2.69] by mta2.example; Thu, 2 Aug 2007 21:50:04 -0200",
        "[ ip=192.0.2.69 rdns= helo=!192.0.2.69! by=mta2.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"from mail-wr1-f41.google.com (mail-wr1-f41.google.com. [209.85.221.41]) by mx.google.com with ESMTPS id a12sor1234567wrx.30.2020.03.02.09.10.11 for <x@y.example> (Google Transport Security); Mon, 02 Mar 2020 09:10:11 -0800 (PST)",
        "[ ip=209.85.221.41 rdns=mail-wr1-f41.google.com helo=mail-wr1-f41.google.com by=mx.google.com ident= envfrom= intl=0 id=a12sor1234567wrx.30.2020.03.02.09.10.11 auth= msa=0 ]",
    ),
    (
        b"from pc ([192.0.2.8]) by mx.google.com with ESMTPS id t2sm4567890wrm.12.2020.03.02.09.10.11 (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128); Mon, 02 Mar 2020 09:10:11 -0800 (PST)",
        "[ ip=192.0.2.8 rdns= helo=pc by=mx.google.com ident= envfrom= intl=0 id=t2sm4567890wrm.12.2020.03.02.09.10.11 auth=GMail - transport=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128 msa=0 ] none",
    ),
    (
        b"from x.example ([1.2.3.4]) by y.example (8.1/8.1) (authenticated as joe) id 5",
        "[ ip=1.2.3.4 rdns= helo=x.example by=y.example ident= envfrom= intl=0 id= auth= msa=0 ] none",
    ),
    (
        b"from a.example (a.example [192.0.2.3]) by b.example (7.2.034) (authenticated as joe@b.example) id 4F",
        "[ ip=192.0.2.3 rdns=a.example helo=a.example by=b.example ident= envfrom= intl=0 id= auth=CriticalPath msa=0 ]",
    ),
    (
        b"from a.example (a.example [192.0.2.3]) by b.example with Microsoft Exchange Server HTTP-DAV ; Mon, 2 Mar 2020 09:10:11 +0000",
        "[ ip=192.0.2.3 rdns=a.example helo=a.example by=b.example ident= envfrom= intl=0 id= auth=HTTP-DAV msa=0 ]",
    ),
    (
        b"from a.example ([192.0.2.3]) by b.example (mreue) (via HTTP); Mon, 2 Mar 2020 09:10:11 +0000",
        "[ ip=192.0.2.3 rdns= helo=a.example by=b.example ident= envfrom= intl=0 id= auth=HTTP msa=0 ] none",
    ),
    (
        b"from a#b|c (d(e)f [192.0.2.3]) by b<x>.example (8.1/8.1) with SMTP id abc; Mon, 2 Mar 2020 09:10:11 +0000",
        "[ ip=192.0.2.3 rdns=d!e!f helo=a!b!c by=b!x!.example ident= envfrom= intl=0 id=abc auth= msa=0 ]",
    ),
    (
        b"from x.example by y.example by uid 500 with qmail-scanner-1.25 (x)",
        "unparseable",
    ),
    (
        b"from a (b [192.0.2.3])by  c.example (Postfix) with ESMTP id 846CF2117for  <x@y.example>; Mon,  7 Aug 2006 17:48:07 +0200 (MEST)",
        "[ ip=192.0.2.3 rdns=b helo=a by=c.example ident= envfrom= intl=0 id=846CF2117for auth= msa=0 ]",
    ),
    (
        b"from garbage",
        "unparseable",
    ),
    (
        b"from   ",
        "ignored",
    ),
    (
        b"from a b c d [192.0.2.3] e by f.example",
        "[ ip=192.0.2.3 rdns= helo=a by=f.example ident= envfrom= intl=0 id= auth= msa=0 ] unknown",
    ),
    (
        b"nonsense [192.0.2.3]",
        "ignored",
    ),
];

fn shown(line: Line) -> String {
    let hop = match line {
        Line::Hop(hop) => hop,
        Line::Unparseable => return "unparseable".into(),
        _ => return "ignored".into(),
    };
    let mut text = String::from_utf8(hop.text()).unwrap();
    for (is, word) in [
        (hop.ip_private, " private"),
        (hop.no_reverse_dns, " none"),
        (hop.rdns_not_in_headers, " unknown"),
    ] {
        text.push_str(if is { word } else { "" });
    }
    text
}

#[test]
fn lines_of_all_servers_are_read_as_spamassassin_reads_them() {
    for (line, expected) in LINES {
        assert_eq!(shown(parse(line)), *expected, "{}", String::from_utf8_lossy(line));
    }
}
