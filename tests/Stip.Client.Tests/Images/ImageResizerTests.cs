using Stip.Client.Images;

namespace Stip.Client.Tests.Images;

public sealed class ImageResizerTests
{
    public static TheoryData<ResampleFilter> Filters => [.. Enum.GetValues<ResampleFilter>()];

    [Theory]
    [MemberData(nameof(Filters))]
    public void Resize_OfOneColour_KeepsIt(ResampleFilter filter)
    {
        var image = Of(17, 9, (_, _) => 143);

        Assert.All(ImageResizer.Resize(image, 5, 23, filter).Pixels, level => Assert.Equal(143, level));
    }

    [Fact]
    public void Resize_ToTheSameSize_ChangesNothing()
    {
        var image = Of(6, 4, (x, y) => x * 40 + y);

        Assert.Equal(image.Pixels, ImageResizer.Resize(image, 6, 4, ResampleFilter.Bicubic).Pixels);
    }

    [Fact]
    public void Resize_ToHalf_WeighsAllPixelsOfATriangle()
    {
        // Centre 1 between pixels 0 and 1, support 2: weights 3, 3, 1 of 7 at the left edge.
        var image = Of(4, 1, (x, _) => x == 2 ? 70 : 0);

        Assert.Equal(10, ImageResizer.Resize(image, 2, 1, ResampleFilter.Bilinear).Pixels[0]);
    }

    [Theory]
    [InlineData(6, "4 1 5 2 6 3")]
    [InlineData(3, "6 5 4 3 2 1")]
    [InlineData(8, "3 6 2 5 1 4")]
    [InlineData(1, "1 2 3 4 5 6")]
    public void Upright_ByOrientation_TurnsTheImage(int orientation, string expected)
    {
        var image = Of(3, 2, (x, y) => 1 + x + 3 * y);

        var turned = image.Upright(orientation);

        Assert.Equal(expected, string.Join(' ', turned.Pixels.Where((_, i) => i % 3 == 0)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no image at all")]
    public void Decode_OfOtherBytes_IsRefused(string bytes) => Assert.Throws<InvalidDataException>(
        () => ImageReader.Decode(System.Text.Encoding.UTF8.GetBytes(bytes)));

    private static RgbImage Of(int width, int height, Func<int, int, int> level)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)level(i / 3 % width, i / 3 / width);
        }

        return new RgbImage(width, height, pixels);
    }
}
