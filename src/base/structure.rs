//! The names of the on-disk structures, as errors and limits use them.

use std::fmt;

macro_rules! structures {
    ($($variant:ident => $name:literal,)*) => {
        /// Names a structure of the HDF5 file format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Structure {
            $(#[doc = concat!("The ", $name, ".")] $variant,)*
        }

        impl Structure {
            /// Returns the specification's words for this structure.
            pub fn name(self) -> &'static str {
                match self { $(Structure::$variant => $name,)* }
            }
        }
    };
}

structures! {
    Superblock => "superblock",
    DriverInfo => "driver information block",
    ObjectHeader => "object header",
    ObjectHeaderContinuation => "object header continuation block",
    SymbolTableNode => "symbol table node",
    SymbolTableEntry => "symbol table entry",
    BTree1Group => "version 1 B-tree node (group)",
    BTree1Chunk => "version 1 B-tree node (chunk)",
    BTree2Header => "version 2 B-tree header",
    BTree2Internal => "version 2 B-tree internal node",
    BTree2Leaf => "version 2 B-tree leaf node",
    BTree2Record => "version 2 B-tree record",
    LocalHeap => "local heap",
    LocalHeapData => "local heap data segment",
    GlobalHeap => "global heap collection",
    GlobalHeapId => "global heap identifier",
    VirtualMapping => "virtual dataset mapping block",
    FractalHeapHeader => "fractal heap header",
    FractalHeapDirect => "fractal heap direct block",
    FractalHeapIndirect => "fractal heap indirect block",
    FractalHeapId => "fractal heap identifier",
    FreeSpaceHeader => "free-space manager header",
    FreeSpaceSections => "free-space section list",
    SharedMessageTable => "shared message table",
    SharedMessageList => "shared message list",
    SharedMessageRecord => "shared message record",
    SharedMessage => "shared message reference",
    FixedArrayHeader => "fixed array header",
    FixedArrayData => "fixed array data block",
    FixedArrayPage => "fixed array page",
    ExtensibleArrayHeader => "extensible array header",
    ExtensibleArrayIndex => "extensible array index block",
    ExtensibleArraySecondary => "extensible array secondary block",
    ExtensibleArrayData => "extensible array data block",
    ExtensibleArrayPage => "extensible array page",
    Dataspace => "dataspace message",
    LinkInfo => "link info message",
    Datatype => "datatype message",
    FillValueOld => "old fill value message",
    FillValue => "fill value message",
    Link => "link message",
    ExternalFiles => "external file list message",
    Layout => "data layout message",
    GroupInfo => "group info message",
    FilterPipeline => "filter pipeline message",
    Attribute => "attribute message",
    Comment => "object comment message",
    ModificationTimeOld => "old modification time message",
    SharedMessageTableMessage => "shared message table message",
    Continuation => "continuation message",
    SymbolTable => "symbol table message",
    ModificationTime => "modification time message",
    BTreeKValues => "B-tree K values message",
    DriverInfoMessage => "driver info message",
    AttributeInfo => "attribute info message",
    ReferenceCount => "reference count message",
    FileSpaceInfo => "file space info message",
    CacheImage => "metadata cache image message",
    CacheImageBlock => "metadata cache image",
    CommitMarker => "commit marker",
    CommitTable => "commit table",
    Selection => "dataspace selection",
    Reference => "reference",
    Chunk => "chunk",
    RawData => "raw data",
    Group => "group",
    Path => "path",
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
