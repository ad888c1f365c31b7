namespace Stip.Client.Images;

/// <summary>Which part of an image the model sees, so that it is made larger first.</summary>
internal enum CropShare
{
    /// <summary>The whole.</summary>
    None,

    /// <summary><c>crop_pct</c>, 224 of 256 where nothing is said, and the middle is cut out; from 384 on the whole is
    /// warped to a square (ConvNeXT's processor).</summary>
    OfSmallImages,

    /// <summary><c>crop_pct</c>, 0.9 where nothing is said and none where it is null (PoolFormer's).</summary>
    OfAllImages,

    /// <summary>224 of 256 (LeViT's).</summary>
    Fixed,
}
