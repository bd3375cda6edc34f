pub(crate) mod dataspace;
