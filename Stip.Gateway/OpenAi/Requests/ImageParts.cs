using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Images;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Collects the images of messages: <c>image_url</c> and <c>input_image</c> parts with a data: URL.</summary>
/// <param name="model">Who is asked.</param>
internal sealed class ImageParts(StipModel model)
{
    private const string DataScheme = "data:";
    private const string Base64Mark = ";base64,";
    private const int MostCharacters = 96 << 20;

    /// <summary>True where a part is an image.</summary>
    public static bool IsImage(string type) => type is "image_url" or "input_image";

    /// <summary>The images so far.</summary>
    public List<RgbImage> Images { get; } = [];

    /// <summary>Decodes one part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="name">The message's name, for refusals.</param>
    public void Add(RequestFields part, string name)
    {
        var field = $"{name}.content";
        if (!model.TakesImages)
        {
            throw OpenAiException.Unsupported(field, $"model '{model.Id}' takes no images");
        }

        var most = model.ReadsImage ? 1 : ImageTurns.MostImages;
        if (Images.Count == most)
        {
            throw OpenAiException.Invalid(
                $"'{field}': model '{model.Id}' reads {(most == 1 ? "one image" : $"{most} images")} of a request, "
                + "more are given",
                field);
        }

        var image = Read(part, name);
        if (Images.Append(image).Sum(Pixels) is > ImageTurns.MostPixels and var pixels)
        {
            throw OpenAiException.Invalid(
                $"'{field}': the images so far have {pixels} pixels; a request may have {ImageTurns.MostPixels}",
                field);
        }

        Images.Add(image);
    }

    private static long Pixels(RgbImage image) => (long)image.Width * image.Height;

    private static RgbImage Read(RequestFields part, string name)
    {
        var url = part.Find("image_url") switch
        {
            { ValueKind: JsonValueKind.String } text => text.GetString()!,
            { ValueKind: JsonValueKind.Object } nested => new RequestFields(nested).Text("url"),
            _ => throw RequestFields.Wrong($"{name}.content", "an image_url with a url"),
        };
        var mark = url.IndexOf(Base64Mark, StringComparison.OrdinalIgnoreCase);
        if (!url.StartsWith(DataScheme, StringComparison.OrdinalIgnoreCase) || mark < 0)
        {
            throw OpenAiException.Unsupported(
                $"{name}.content", "images are taken as data: URLs with base64 only; nothing is fetched");
        }

        if (url.Length > MostCharacters)
        {
            throw RequestFields.Wrong($"{name}.content", $"an image of at most {MostCharacters} characters");
        }

        try
        {
            return ImageReader.Decode(Convert.FromBase64String(url[(mark + Base64Mark.Length)..]));
        }
        catch (Exception fault) when (fault is FormatException or InvalidDataException)
        {
            throw OpenAiException.Invalid($"'{name}.content': {fault.Message}", $"{name}.content");
        }
    }
}
