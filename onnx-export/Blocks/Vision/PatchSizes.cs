using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Blocks.Vision;

/// <summary>How an image is cut into patches.</summary>
/// <param name="Height">Pixels from top to bottom.</param>
/// <param name="Width">Pixels from left to right.</param>
/// <param name="Patch">Pixels of a side of a patch.</param>
/// <param name="Channels">Colours.</param>
internal sealed record PatchSizes(int Height, int Width, int Patch, int Channels)
{
    private const int DefaultChannels = 3;

    // A page of 2,560 × 1,920 in patches of 4, as Donut reads it, has 307,200.
    internal const long MostPatches = 1 << 19;

    // 2,364 × 2,364 pixels of three colours; published patches have 3,072 numbers at most.
    private const long MostNumbers = 1 << 24;

    /// <summary>Pixels from one patch to the next below it.</summary>
    public int StepDown { get; init; } = Patch;

    /// <summary>Pixels from one patch to the next beside it.</summary>
    public int StepAcross { get; init; } = Patch;

    public int Rows => Height < Patch ? 0 : ((Height - Patch) / StepDown) + 1;

    public int Columns => Width < Patch ? 0 : ((Width - Patch) / StepAcross) + 1;

    /// <summary>True where pixels at the right or below are in no patch.</summary>
    public bool HasRest => Height % Patch != 0 || Width % Patch != 0;

    /// <summary>Patches of an image.</summary>
    public int Count => Rows * Columns;

    /// <summary>Numbers of a patch.</summary>
    public int PatchElements => Channels * Patch * Patch;

    public static PatchSizes Read(ConfigJson config, int defaultImage, int defaultPatch) =>
        Read(config, [defaultImage], defaultPatch);

    /// <summary>The same where images are no squares if config.json does not say it.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="defaultImage">Height and width.</param>
    /// <param name="defaultPatch">Side of a patch.</param>
    public static PatchSizes Read(ConfigJson config, IReadOnlyList<int> defaultImage, int defaultPatch)
    {
        var sides = config.Sizes("image_size") ?? defaultImage;
        return new PatchSizes(
            sides[0],
            sides[^1],
            config.FindSize("patch_size") ?? defaultPatch,
            config.FindSize("num_channels") ?? DefaultChannels).Checked();
    }

    /// <summary>The same patches of an image of another size.</summary>
    public PatchSizes Of(int height, int width) => (this with { Height = height, Width = width }).Checked();

    /// <summary>Rows and columns of zeros below and at the right of the pixels, which the sides count.</summary>
    public (int Down, int Across) Filling { get; init; }

    /// <summary>The same patches of an image that is filled with zeros where they do not divide it.</summary>
    public PatchSizes Filled()
    {
        var (down, across) = (Missing(Height), Missing(Width));
        return (this with { Height = Height + down, Width = Width + across, Filling = (down, across) }).Checked();

        int Missing(int side) => (Patch - (side % Patch)) % Patch;
    }

    private PatchSizes Checked()
    {
        var numbers = (double)Channels * Patch * Patch;
        if (numbers > MostNumbers)
        {
            throw new RefusedException($"config.json: a patch of {Patch} × {Patch} in {Channels} channels has "
                + $"{numbers} numbers; there may be 1..{MostNumbers}");
        }

        var count = (long)Rows * Columns;
        return count is > 0 and <= MostPatches ? this : throw new RefusedException(
            $"config.json: an image of {Height} × {Width} has {count} patches of {Patch}; "
            + $"there may be 1..{MostPatches}");
    }
}
