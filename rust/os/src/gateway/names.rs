//! Names: those that the gateway answers for itself, and those that addresses were looked up by.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use usernet_core::wire::dns::{self, A, AAAA, INTERNET, PTR, Question, Record};

/// How many addresses are remembered with their names; the oldest goes.
const MOST: usize = 8192;
/// How long an answer may be kept, in seconds: what a gateway says holds as long as it runs.
const KEEP: u32 = 60;
/// The port of the DNS.
pub(super) const PORT: u16 = 53;

/// Names and addresses.
#[derive(Default)]
pub(super) struct Names {
    own: BTreeMap<String, Vec<IpAddr>>,
    learned: HashMap<IpAddr, Box<str>>,
    order: VecDeque<IpAddr>,
}

impl Names {
    /// With these names of the gateway's own.
    pub(super) fn new(own: &BTreeMap<String, Vec<IpAddr>>) -> Self {
        let own = own.iter();
        let own = own.map(|(name, addresses)| (name.to_ascii_lowercase(), addresses.clone()));
        Self {
            own: own.collect(),
            ..Self::default()
        }
    }

    /// The answer to a query, if it is about a name or an address of the gateway's own.
    pub(super) fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let question = dns::query(query).filter(|question| question.class == INTERNET)?;
        let records = self.records(&question)?;
        Some(dns::answer(query, &question, &records, KEEP))
    }

    /// The records that are asked for: none where the name has no such.
    fn records(&self, question: &Question) -> Option<Vec<Record<'_>>> {
        if let Some(addresses) = self.own.get(&question.name) {
            let asked =
                |address: &&IpAddr| question.kind == if address.is_ipv4() { A } else { AAAA };
            let records = addresses.iter().filter(asked).copied();
            return Some(records.map(Record::Address).collect());
        }
        let name = self.own_name(dns::reversed(&question.name)?)?;
        let asked = question.kind == PTR;
        Some(asked.then_some(Record::Name(name)).into_iter().collect())
    }

    fn own_name(&self, address: IpAddr) -> Option<&str> {
        let mut own = self.own.iter();
        let found = own.find(|(_, addresses)| addresses.contains(&address));
        found.map(|(name, _)| name.as_str())
    }

    /// Remembers what an answer says that passes.
    pub(super) fn learn(&mut self, answer: &[u8]) {
        dns::answers(answer, |name, address| {
            let learned = &mut self.learned;
            if learned.insert(address, name.into()).is_some() {
                return;
            }
            self.order.push_back(address);
            if self.order.len() > MOST
                && let Some(oldest) = self.order.pop_front()
            {
                learned.remove(&oldest);
            }
        });
    }

    /// By which name an address was looked up last.
    pub(super) fn of(&self, address: IpAddr) -> Option<&str> {
        let learned = self.learned.get(&address).map(Box::as_ref);
        learned.or_else(|| self.own_name(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let addresses = ["192.0.0.3", "fd75::3"].map(|text| text.parse().unwrap());
        Names::new(&BTreeMap::from([("Host.usernet".into(), addresses.into())]))
    }

    /// A query for a name, and its answer's addresses.
    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            message.push(label.len() as u8);
            message.extend(label.bytes());
        }
        message.push(0);
        message.extend(kind.to_be_bytes());
        message.extend(INTERNET.to_be_bytes());
        message
    }

    fn found(answer: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        dns::answers(answer, |_, address| found.push(address.to_string()));
        found
    }

    #[test]
    fn own_names_are_answered_in_both_families_and_backwards() {
        let names = names();
        let ask = |name: &str, kind| names.answer(&query(name, kind));
        assert_eq!(found(&ask("HOST.usernet", A).unwrap()), ["192.0.0.3"]);
        assert_eq!(found(&ask("host.usernet", AAAA).unwrap()), ["fd75::3"]);
        let text = ask("host.usernet", 16).unwrap();
        assert_eq!((text[3] & 0xf, &text[6..8]), (0, &[0, 0][..]));
        let back = ask("3.0.0.192.in-addr.arpa", PTR).unwrap();
        assert!(back.ends_with(b"\x04host\x07usernet\0"));
        assert_eq!(ask("example.org", A), None);
        assert_eq!(ask("4.0.0.192.in-addr.arpa", PTR), None);
    }

    #[test]
    fn addresses_have_the_name_that_they_were_looked_up_by() {
        let mut names = names();
        let address = |last: u32| IpAddr::from((0x0a00_0000 + last).to_be_bytes());
        let learn = |names: &mut Names, name: &str, last| {
            let query = query(name, A);
            let question = dns::query(&query).unwrap();
            names.learn(&dns::answer(
                &query,
                &question,
                &[Record::Address(address(last))],
                1,
            ));
        };
        learn(&mut names, "one.example", 1);
        learn(&mut names, "two.example", 1);
        assert_eq!(names.of(address(1)), Some("two.example"));
        assert_eq!(names.of("192.0.0.3".parse().unwrap()), Some("host.usernet"));
        for last in 2..MOST as u32 + 2 {
            learn(&mut names, "many.example", last);
        }
        assert_eq!((names.of(address(1)), names.learned.len()), (None, MOST));
        assert_eq!(names.order.len(), MOST);
    }
}
