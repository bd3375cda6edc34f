//! The metadata cache image: blocks that libhdf5 left together instead of writing each to its place.

use super::{Core, Header};
use crate::base::{Error, Result, Structure};
use crate::format::cache_image::CacheImageBlock;
use crate::format::message::cache_image::CacheImage;

impl Core {
    /// Takes the image, if there is one, so that all later reading sees its blocks in their places.
    pub(super) fn load_cache_image(&mut self) -> Result<()> {
        let Some(extension) = self.superblock.extension() else { return Ok(()) };
        let image = Header::load(self, extension)?.message::<CacheImage>(self)?;
        let Some(CacheImage { address: Some(address), length: length @ 1.. }) = image else { return Ok(()) };
        let block: CacheImageBlock = self.fetch_sized_uncached(address, length, &self.sizes())?;
        let at = self.offset(address)?;
        for entry in block.entries {
            let end = entry.address.plus(entry.bytes.len() as u64)?;
            if self.offset(end)? > self.storage_len.max(self.superblock.end_of_file) {
                let error =
                    Error::field("address of a cache entry", entry.address.0, "past the end of the file");
                return Err(error.at(Structure::CacheImageBlock, at));
            }
            if self.image.insert(entry.address.0, entry.bytes).is_some() {
                let error =
                    Error::field("address of a cache entry", entry.address.0, "another entry has it too");
                return Err(error.at(Structure::CacheImageBlock, at));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{bytes, fixture, object, open};
    use super::super::{attributes, links};

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
    fn editing_is_refused_for_now() {
        let error = open(bytes("cache_image.h5"), true).unwrap_err().to_string();
        assert!(error.contains("not supported: editing a file with a metadata cache image"), "{error}");
    }
}
