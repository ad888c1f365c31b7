namespace Stip.Export.Checkpoints;

/// <summary>The size that preprocessor_config.json brings every image to.</summary>
internal static class PictureSize
{
    private const string FileName = "preprocessor_config.json";

    /// <summary>Finds it.</summary>
    /// <param name="files">The checkpoint's small files.</param>
    /// <returns>Height and width, null where there is no such file, or it leaves a side free.</returns>
    public static (int Height, int Width)? Find(ISmallFiles files)
    {
        if (files.Find(FileName) is not { } bytes)
        {
            return null;
        }

        var config = ConfigJson.Parse(FileName, bytes);
        var isCropped = config.Flag("do_center_crop", false);
        var box = isCropped ? config.Section("crop_size")
            : config.Flag("do_resize", true) ? config.Section("size")
            : null;
        if (box is null)
        {
            // A number alone is a square where it crops, and the shorter side where it resizes.
            return isCropped && config.FindSize("crop_size") is { } side ? (side, side) : null;
        }

        return box.FindSize("height") is { } height && box.FindSize("width") is { } width ? (height, width) : null;
    }
}
