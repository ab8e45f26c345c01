//! A counting allocator sees a publisher's pictures and sound go to viewers: in steady state a packet allocates nothing,
//! and a subscription is small.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

mod hall;

use hall::{PARTS, Stage};
use twinhall_core::model::SrtpProfile;
use twinhall_core::seal::Library;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// Bytes that are in use.
static LIVE: AtomicI64 = AtomicI64::new(0);

// SAFETY: hands everything to the system's allocator, and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        LIVE.fetch_add(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that System asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        LIVE.fetch_add(size as i64 - layout.size() as i64, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const VIEWERS: u16 = 5;
/// Frames until rings have gone round and arenas have their size: 10 s.
const WARM_UP: u64 = 300;
const MEASURED: u64 = 300;

/// Both count what the whole process does: one after the other.
#[test]
fn a_forwarded_packet_allocates_nothing_and_a_subscription_is_small() {
    forwarded_packets_allocate_nothing();
    subscriptions_are_small();
}

fn subscriptions_are_small() {
    for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80] {
        let live = |viewers| {
            let before = LIVE.load(Ordering::Relaxed);
            let mut stage = Stage::new(profile, Library::AwsLc, viewers, true);
            for number in 0..WARM_UP {
                stage.frame(number == 0);
                stage.shard.tick(stage.now_us, &mut stage.out);
                stage.flush();
            }
            LIVE.load(Ordering::Relaxed) - before
        };
        let each = (live(105) - live(5)) / 100;
        println!("{profile:?}: {each} bytes per subscription");
        assert!((1_000..32 * 1024).contains(&each), "{each}");
    }
}

fn forwarded_packets_allocate_nothing() {
    for (profile, library) in [
        (SrtpProfile::AeadAes128Gcm, Library::Ring),
        (SrtpProfile::AeadAes128Gcm, Library::AwsLc),
        (SrtpProfile::Aes128CmSha1_80, Library::AwsLc),
    ] {
        let mut stage = Stage::new(profile, library, VIEWERS, true);
        for number in 0..WARM_UP {
            stage.frame(number == 0);
            stage.shard.tick(stage.now_us, &mut stage.out);
            stage.flush();
        }
        let (mut allocated, mut sent) = (0, 0);
        for _ in 0..MEASURED {
            let before = (ALLOCATIONS.load(Ordering::Relaxed), stage.sent);
            stage.frame(false);
            allocated += ALLOCATIONS.load(Ordering::Relaxed) - before.0;
            sent += stage.sent - before.1;
            stage.shard.tick(stage.now_us, &mut stage.out);
            stage.flush();
        }
        assert_eq!(sent, MEASURED * (PARTS + 1) * u64::from(VIEWERS), "{profile:?}: all is forwarded");
        assert_eq!(allocated, 0, "{profile:?} by {library:?}");
    }
}
