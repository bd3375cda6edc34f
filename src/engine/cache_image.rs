//! The metadata cache image: blocks that libhdf5 left together instead of writing each to its place.

use super::{Core, Header};
use crate::base::{Address, Error, Result, Structure};
use crate::format::cache_image::CacheImageBlock;
use crate::format::message::MessageType;
use crate::format::message::cache_image::CacheImage;

impl Core {
    /// Takes the image, if there is one, so that all later reading sees its blocks in their places; returns where it is.
    pub(super) fn load_cache_image(&mut self) -> Result<Option<(Address, u64)>> {
        let Some(extension) = self.superblock.extension() else { return Ok(None) };
        let image = Header::load(self, extension)?.message::<CacheImage>(self)?;
        let Some(CacheImage { address: Some(address), length: length @ 1.. }) = image else {
            return Ok(None);
        };
        let block: CacheImageBlock = self.fetch_sized_uncached(address, length, &self.sizes())?;
        let at = self.offset(address)?;
        for entry in block.entries {
            let end = entry.address.plus(entry.bytes.len() as u64)?;
            if entry.bytes.len() as u64 > self.available(self.offset(entry.address)?) {
                let error =
                    Error::field("address of a cache entry", entry.address.0, "past the end of the file");
                return Err(error.at(Structure::CacheImageBlock, at));
            }
            let range = entry.address.0..end.0;
            if self.overlay.touches(&range) {
                let error =
                    Error::field("address of a cache entry", entry.address.0, "another entry has it too");
                return Err(error.at(Structure::CacheImageBlock, at));
            }
            self.overlay.write(entry.address.0, entry.bytes);
        }
        Ok(Some((address, length)))
    }

    /// Forgets the image, whose blocks will be written to their places if anything is.
    pub(super) fn drop_cache_image(&mut self, image: Option<(Address, u64)>) -> Result<()> {
        let (Some((address, length)), Some(extension)) = (image, self.superblock.extension()) else {
            return Ok(());
        };
        let mut header = Header::clone(&*Header::load(self, extension)?);
        header.messages.retain(|message| message.kind != MessageType::CACHE_IMAGE);
        header.store(self)?;
        self.release(address, length)?;
        // A file that nobody changes keeps its image.
        self.txn_mut()?.changed = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::fixture::{bytes, fixture, object, open};
    use super::super::{Core, OpenOptions, attributes, create_group, links};
    use crate::storage::MemoryStorage;

    #[test]
    fn what_the_image_has_is_read_in_its_place() {
        let core = fixture("cache_image.h5");
        let group = object(&core, "group");
        let file = bytes("cache_image.h5");
        let place = usize::try_from(group.address.0).unwrap();
        assert_ne!(&file[place..place + 4], b"OHDR", "the file's own block is not written");
        assert_eq!(links(&core, &group).unwrap().len(), 20);
        let values = attributes(&core, &group).unwrap();
        assert_eq!(values.len(), 20);
        assert!(values.iter().all(Result::is_ok));
    }

    #[test]
    fn a_broken_image_is_not_passed_over() {
        let mut file = bytes("cache_image.h5");
        let image = file.windows(4).position(|four| four == b"MDCI").unwrap();
        file[image + 40] ^= 1;
        let error = open(file, false).unwrap_err().to_string();
        assert!(error.contains("checksum mismatch") && error.contains("metadata cache image at offset"));
    }

    #[test]
    fn the_blocks_of_the_image_are_written_once_something_is() {
        let storage = Arc::new(MemoryStorage::new(bytes("cache_image.h5")));
        let options = || OpenOptions { write: true, ..OpenOptions::default() };
        let mut core = Core::open(storage.clone(), options()).unwrap();
        core.finish().unwrap();
        assert!(storage.to_vec() == bytes("cache_image.h5"), "nothing was changed");
        let root = core.superblock.root_header();
        core.edit(|core| create_group(core, root, "new", &crate::engine::GroupRules::default())).unwrap();
        core.finish().unwrap();
        let core = Core::open(storage, OpenOptions::default()).unwrap();
        assert!(core.overlay.iter().next().is_none());
        assert_eq!(links(&core, &object(&core, "group")).unwrap().len(), 20);
        assert!(links(&core, &object(&core, "new")).unwrap().is_empty());
    }
}
