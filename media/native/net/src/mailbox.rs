//! Between Python's thread and the shard's: commands down, events up. Both bounded, both with a bell.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, PoisonError};

use twinhall_core::model::{Command, Event, Figures};

use crate::poll::Bell;

/// Messages that may wait for the shard; it takes them all within a millisecond or is stuck.
const MESSAGES_MAX: usize = 16 * 1024;
/// Events that may wait for Python before DTLS records are dropped (peers send them again),
const RECORDS_MAX: usize = 8 * 1024;
/// and before anything is: then Python is gone.
const EVENTS_MAX: usize = 64 * 1024;

/// The shard does not take messages any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

pub enum Message {
    Command(Box<Command>),
    Figures(SyncSender<Figures>),
    Close,
}

/// A bounded queue with a bell.
pub struct Queue<T> {
    waiting: Mutex<VecDeque<T>>,
    pub bell: Bell,
}

impl<T> Queue<T> {
    fn new() -> io::Result<Self> {
        Ok(Self { waiting: Mutex::new(VecDeque::new()), bell: Bell::new()? })
    }

    fn locked(&self) -> MutexGuard<'_, VecDeque<T>> {
        // whoever panicked left a whole queue behind
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that waits, into `taken` (which is empty).
    pub fn take(&self, taken: &mut VecDeque<T>) {
        self.bell.hush();
        std::mem::swap(&mut *self.locked(), taken);
    }
}

pub struct Mailbox {
    pub messages: Queue<Message>,
    pub events: Queue<Event>,
}

impl Mailbox {
    pub fn new() -> io::Result<Self> {
        Ok(Self { messages: Queue::new()?, events: Queue::new()? })
    }

    /// Hand a message to the shard.
    pub fn tell(&self, message: Message) -> Result<(), Full> {
        let mut waiting = self.messages.locked();
        if waiting.len() >= MESSAGES_MAX {
            return Err(Full);
        }
        waiting.push_back(message);
        drop(waiting);
        self.messages.bell.ring();
        Ok(())
    }

    /// The last message, which always finds room.
    pub fn close(&self) {
        self.messages.locked().push_back(Message::Close);
        self.messages.bell.ring();
    }

    /// Hand `events` up and empty it. Returns how many found no room.
    pub fn report(&self, events: &mut Vec<Event>) -> usize {
        let mut waiting = self.events.locked();
        let before = waiting.len() + events.len();
        for event in events.drain(..) {
            let limit = if matches!(event, Event::Handshake { .. }) { RECORDS_MAX } else { EVENTS_MAX };
            if waiting.len() < limit {
                waiting.push_back(event);
            }
        }
        let lost = before - waiting.len();
        drop(waiting);
        self.events.bell.ring();
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(live: bool) -> Event {
        Event::Life { source: "camera".into(), live }
    }

    #[test]
    fn events_arrive_in_order() {
        let mailbox = Mailbox::new().unwrap();
        assert_eq!(mailbox.report(&mut vec![life(true), life(false)]), 0);
        let mut taken = VecDeque::new();
        mailbox.events.take(&mut taken);
        assert_eq!(taken, [life(true), life(false)]);
    }

    #[test]
    fn while_python_sleeps_handshakes_are_dropped_and_the_rest_waits() {
        let mailbox = Mailbox::new().unwrap();
        mailbox.report(&mut vec![life(true); RECORDS_MAX]);
        let record = Event::Handshake { session: "s".into(), record: vec![22] };
        assert_eq!(mailbox.report(&mut vec![record, life(false)]), 1);
        assert_eq!(mailbox.report(&mut vec![life(false); EVENTS_MAX]), RECORDS_MAX + 1);
    }

    #[test]
    fn a_shard_that_takes_nothing_refuses_after_a_bound() {
        let mailbox = Mailbox::new().unwrap();
        let command = || Message::Command(Box::new(Command::Withdraw { source: "slate".into() }));
        for _ in 0..MESSAGES_MAX {
            assert_eq!(mailbox.tell(command()), Ok(()));
        }
        assert_eq!(mailbox.tell(command()), Err(Full));
        mailbox.close();
        let mut taken = VecDeque::new();
        mailbox.messages.take(&mut taken);
        assert!(matches!(taken.pop_back(), Some(Message::Close)));
    }
}
