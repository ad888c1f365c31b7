namespace Stip.Export.Checkpoints;

/// <summary>The size that the settings of an image processor bring every image to.</summary>
internal static class PictureSize
{
    private const string Alone = "preprocessor_config.json";
    private const string Joined = "processor_config.json";

    /// <summary>Finds it.</summary>
    /// <param name="files">The checkpoint's small files.</param>
    /// <returns>Height and width, null where there are none, or they leave a side free.</returns>
    public static (int Height, int Width)? Find(ISmallFiles files)
    {
        // Newer folders have them inside of the second file, where they count first.
        if ((Load(Joined)?.Section("image_processor") ?? Load(Alone)) is not { } config)
        {
            return null;
        }

        var isCropped = config.Flag("do_center_crop", false);
        var box = isCropped ? config.Section("crop_size")
            : config.Flag("do_resize", !config.Has("do_resize")) ? config.Section("size")
            : null;
        if (box is null)
        {
            // A number alone is a square where it crops, and the shorter side where it resizes.
            return isCropped && config.FindSize("crop_size") is { } side ? (side, side) : null;
        }

        return box.FindSize("height") is { } height && box.FindSize("width") is { } width ? (height, width) : null;

        ConfigJson? Load(string name) => files.Find(name) is { } bytes ? ConfigJson.Parse(name, bytes) : null;
    }
}
