//! Sources and the publications that fill them: who is born, who lives, who takes over.

use std::collections::{BTreeMap, BTreeSet};

use crate::layers::Layer;
use crate::model::{InboundTrack, Kind, PublicationId, SessionId, SessionIndex, SourceName, SourceSpec};
use crate::publication::Publication;
use crate::slab::Key;
use crate::stage::Stage;

/// A source whose layers came, went or changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub source: SourceName,
    /// Its media began or fell silent.
    pub life: Option<bool>,
}

/// Which publication fills each source now.
#[derive(Default)]
pub struct Sources {
    present: BTreeMap<SourceName, Key<Publication>>,
    live: BTreeSet<SourceName>,
    delays_ms: BTreeMap<SourceName, u32>,
}

impl Sources {
    pub fn present(&self, source: &SourceName) -> Option<Key<Publication>> {
        self.present.get(source).copied()
    }

    pub fn all(&self) -> impl Iterator<Item = (&SourceName, Key<Publication>)> {
        self.present.iter().map(|(source, &publication)| (source, publication))
    }

    /// Sound delays; a source that isn't named has none.
    pub fn configure(&mut self, specs: &[SourceSpec], stage: &mut Stage) {
        self.delays_ms = specs.iter().map(|spec| (spec.source.clone(), spec.delay_ms)).collect();
        for (_, layer) in stage.layers.iter_mut() {
            self.delay(layer);
        }
    }

    /// A publication takes its source at once if nothing live has it, else with its own first packet.
    pub fn born(
        &mut self,
        source: &SourceName,
        id: &PublicationId,
        tracks: &[InboundTrack],
        session: Option<(SessionIndex, SessionId)>,
        stage: &mut Stage,
    ) -> Key<Publication> {
        let key = stage.publications.insert(Publication::new(source, id, tracks, session));
        if let Some(publication) = stage.publications.get_mut(key) {
            publication.announce(key, tracks, &mut stage.layers);
        }
        if !self.is_live(source, stage) {
            self.present.insert(source.clone(), key);
        }
        key
    }

    /// Its layers stay, dark, until nobody needs them (`Media::reap`).
    pub fn gone(&mut self, key: Key<Publication>, stage: &mut Stage) -> Option<Change> {
        let publication = stage.publications.remove(key)?;
        for layer in publication.layers() {
            if let Some(layer) = stage.layers.get_mut(layer) {
                (layer.live, layer.dark) = (false, true);
            }
        }
        let source = publication.source;
        if self.present.get(&source) == Some(&key) {
            self.present.remove(&source);
            let mut others = stage.publications.iter().filter(|(_, other)| other.source == source);
            if let Some((other, _)) = others.find(|(_, other)| other.session.is_some()) {
                self.present.insert(source.clone(), other);
            }
        }
        Some(self.changed(source, stage))
    }

    /// A layer began, or changed its codec or size.
    pub fn alive(&mut self, key: Key<Layer>, stage: &mut Stage) -> Option<Change> {
        let layer = stage.layers.get_mut(key)?;
        self.delay(layer);
        let (holder, source) = (layer.publication, layer.source.clone());
        let living = self.is_live(&source, stage);
        let publication = stage.publications.get_mut(holder)?;
        if !publication.seated || !living {
            self.present.insert(source.clone(), holder);
        }
        publication.seated = true;
        Some(self.changed(source, stage))
    }

    /// A layer fell silent; `dark`: for so long, or with a farewell, that it must be replaced.
    pub fn silent(&mut self, key: Key<Layer>, dark: bool, stage: &mut Stage) -> Option<Change> {
        let layer = stage.layers.get_mut(key)?;
        layer.live = false;
        layer.dark |= dark;
        let source = layer.source.clone();
        Some(self.changed(source, stage))
    }

    fn is_live(&self, source: &SourceName, stage: &Stage) -> bool {
        let present = self.present(source).and_then(|key| stage.publications.get(key));
        present.is_some_and(|publication| publication.live(&stage.layers))
    }

    fn changed(&mut self, source: SourceName, stage: &Stage) -> Change {
        let live = self.is_live(&source, stage);
        let before = if live { !self.live.insert(source.clone()) } else { self.live.remove(&source) };
        Change { source, life: (live != before).then_some(live) }
    }

    fn delay(&self, layer: &mut Layer) {
        if layer.kind == Kind::Audio {
            layer.clock.delay(self.delays_ms.get(&layer.source).copied().unwrap_or(0));
        }
    }
}
