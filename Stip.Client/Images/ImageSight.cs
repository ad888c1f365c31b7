using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Protocol.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Client.Images;

/// <summary>
/// Lets a model see: the owner's machine makes permuted rows of an image's patches. Of a vision-language model the
/// server's vision graph makes of them rows for its decoder, and these take the places of the image tokens of a prompt.
/// Of a model whose encoder reads an image (<see cref="StipModel.ReadsImage"/>) they go with the first step.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class ImageSight(StipModel model)
{
    private const string VisionGraph = "vision";
    private const string RowsName = "inputs_embeds";
    private const string FeaturesName = "image_features";

    /// <summary>The token in whose place an image stands, as it is written in a prompt.</summary>
    /// <exception cref="BundleException">The model takes no images, or the bundle has no tokenizer.</exception>
    public string ImageToken => model.Bundle.Tokenizer?.TokenText(ImageTokenId)
        ?? throw new BundleException($"the bundle of model '{model.Id}' has no tokenizer with its image token");

    private int ImageTokenId => model.Bundle.Manifest.ImageTokenId
        ?? throw new BundleException($"model '{model.Id}' takes no images");

    /// <summary>Looks at images and puts their rows into a prompt.</summary>
    /// <param name="promptIds">A prompt with one image token for each image, or one for each of their rows. Of a model
    /// whose encoder reads the image: what the answer begins with, nothing for one that the model begins, or a task of
    /// Donut's, which is a special token.</param>
    /// <param name="images">In the order in which they stand in the prompt.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BundleException">The model takes no images.</exception>
    /// <exception cref="InvalidDataException">The prompt has another number of image tokens, or the model reads one
    /// image.</exception>
    /// <exception cref="StipException">Refused or not reached.</exception>
    public async Task<ImagePrompt> PlaceAsync(
        ReadOnlyMemory<int> promptIds, IReadOnlyList<RgbImage> images, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (model.ReadsImage)
        {
            return images is [var only]
                ? Read(promptIds.Span, only)
                : throw new InvalidDataException($"model '{model.Id}' reads one image, {images.Count} are given");
        }

        var features = new List<byte[]>(); // an image each, [rows, hidden] of the wire's type
        foreach (var image in images)
        {
            features.Add(await LookAsync(image, cancellationToken));
        }

        return Place(promptIds.Span, features);
    }

    private ImagePrompt Read(ReadOnlySpan<int> beginning, RgbImage image)
    {
        var (rows, shape) = model.Bundle.Patches!.Embed(image);
        // Rows of the last axis, whatever the others are: the server knows what it takes.
        var source = new TensorPayload(
            TensorDtype.Float32.WireName(),
            [rows.Length / shape[^1], shape[^1]],
            MemoryMarshal.AsBytes<float>(rows).ToArray());
        var start = SequenceStart.With(
            model.StartIds(), beginning, id => model.Bundle.Tokenizer?.IsSpecial(id) == true);
        return new ImagePrompt(start, new PlacedRows(source));
    }

    private async Task<byte[]> LookAsync(RgbImage image, CancellationToken cancellationToken)
    {
        var patches = model.Bundle.Patches ?? throw new BundleException($"model '{model.Id}' takes no images");
        await model.CheckAsync(cancellationToken);
        var (rows, shape) = patches.Embed(image);
        var payload = new TensorPayload(
            TensorDtype.Float32.WireName(), shape, MemoryMarshal.AsBytes<float>(rows).ToArray());
        var exchange = await model.Client.ForwardAsync(
            new ForwardRequest(
                model.Id, new Dictionary<string, TensorPayload> { [RowsName] = payload }, VisionGraph),
            cancellationToken);
        model.RequireOwn(exchange.Response.Fingerprint, exchange.Response.KeyEpoch);
        var tables = model.Bundle.Embedding;
        if (exchange.Response.Outputs?.TryGetValue(FeaturesName, out var features) != true
            || features!.Shape is not [1, var count, var width] || width != tables.HiddenSize
            || !TensorDtypes.TryParseWire(features.Dtype, out var dtype) || !dtype.IsWireFloat()
            || features.Data.Length != count * width * dtype.ByteSize())
        {
            throw new StipException($"model '{model.Id}': the server's answer is not the one asked for", null);
        }

        var converted = new byte[count * tables.RowBytes];
        TensorConversion.Convert(dtype, features.Data.Span, tables.WireDtype, converted);
        return converted;
    }

    private ImagePrompt Place(ReadOnlySpan<int> promptIds, List<byte[]> features)
    {
        var rowBytes = model.Bundle.Embedding.RowBytes;
        var total = features.Sum(image => image.Length / rowBytes);
        var tokens = promptIds.Count(ImageTokenId);
        if (tokens != features.Count && tokens != total)
        {
            throw new InvalidDataException(
                $"the prompt has {tokens} image tokens, {features.Count} images with {total} rows are given");
        }

        var ids = new List<int>(promptIds.Length + total);
        var placed = new Dictionary<int, ReadOnlyMemory<byte>>();
        var all = features.SelectMany(image => Enumerable.Range(0, image.Length / rowBytes)
            .Select(row => new ReadOnlyMemory<byte>(image, row * rowBytes, rowBytes))).ToList();
        var (nextImage, nextRow) = (0, 0);
        foreach (var id in promptIds)
        {
            var rows = id != ImageTokenId ? 0 : tokens == total ? 1 : features[nextImage++].Length / rowBytes;
            for (var row = 0; row < rows; row++)
            {
                placed.Add(ids.Count, all[nextRow++]);
                ids.Add(id);
            }

            if (id != ImageTokenId)
            {
                ids.Add(id);
            }
        }

        return new ImagePrompt(ids.ToArray(), new PlacedRows(placed));
    }
}
