using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Client.Sealing;
using Stip.Client.Transport;
using Stip.Keys.Bundles;
using Stip.Protocol.Forward;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Client.Encoders;

/// <summary>A protected encoder of texts or images: the owner's bundle and the server that computes.</summary>
/// <remarks>Safe for concurrent use. It owns neither the bundle nor the client.</remarks>
public sealed class StipEncoder
{
    internal const int MostTokensOfAPass = 4096;

    private readonly Dictionary<string, FeatureOrder?> _orders = new(StringComparer.Ordinal);
    private readonly Lock _ordersLock = new();
    private volatile ModelStipInfo? _info;

    /// <summary>Joins a bundle to a server; nothing is sent yet.</summary>
    /// <exception cref="BundleException">The bundle is of a model that generates text.</exception>
    public StipEncoder(Bundle bundle, StipHttpClient client)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(client);
        if (BundleKinds.Generates(bundle.Manifest))
        {
            throw new BundleException(
                $"{bundle.Folder} is of kind '{bundle.Manifest.Kind}', which generates text; chat and complete are for "
                + "it");
        }

        (Bundle, Client) = (bundle, client);
        Role = bundle.Manifest.Kind == BundleKinds.Image ? "vision" : "encoder";
    }

    /// <summary>The owner's side.</summary>
    public Bundle Bundle { get; }

    /// <summary>The way to the server.</summary>
    public StipHttpClient Client { get; }

    /// <summary>The name under which the server knows it.</summary>
    public string Id => Bundle.Manifest.Model;

    /// <summary>True where images go in, false where texts do.</summary>
    public bool TakesImages => Bundle.Manifest.Kind == BundleKinds.Image;

    /// <summary>Most tokens of a pass of several texts that the way to the server lets through, as far as was seen.
    /// </summary>
    internal SizeCeiling PassTokens { get; } = new(MostTokensOfAPass);

    private string Role { get; }

    /// <summary>Asks the server, once, whether it has the package that this bundle belongs to.</summary>
    /// <exception cref="StipException">The server has another package (<c>package_invalid</c>), none, or is not
    /// reached.</exception>
    public async ValueTask<ModelStipInfo> CheckAsync(CancellationToken cancellationToken = default) =>
        _info ??= PackageMatch.Require(
            Bundle.Manifest, (await Client.GetModelAsync(Id, cancellationToken)).Stip, Role);

    /// <summary>One pass of the server's graph.</summary>
    /// <param name="input">Permuted rows.</param>
    /// <param name="wanted">Names of the outputs that would do, the preferred one first.</param>
    /// <param name="what">What needs them, for messages.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The output in plain order, and what it cost.</returns>
    /// <exception cref="StipException">Refused, not reached, or the model has none of these outputs.</exception>
    internal async Task<(PlainOutput Output, ExchangeFigures Figures)> RunAsync(
        ForwardRows input, IReadOnlyList<string> wanted, string what, CancellationToken cancellationToken)
    {
        var graph = await GraphAsync(cancellationToken);
        var name = wanted.FirstOrDefault(usual => Gives(graph, usual)) ?? throw new StipException(
            $"model '{Id}' gives {Outputs(graph)}; {what} needs {string.Join(" or ", wanted)}", null);
        var exchange = await ForwardAsync(input, graph, cancellationToken);
        return (Find(exchange, input, graph, name), exchange.Figures);
    }

    /// <summary>One pass of the server's graph, of which several outputs are wanted.</summary>
    /// <inheritdoc cref="RunAsync"/>
    internal async Task<IReadOnlyList<PlainOutput>> RunAllAsync(
        ForwardRows input, IReadOnlyList<string> wanted, string what, CancellationToken cancellationToken)
    {
        var graph = await GraphAsync(cancellationToken);
        if (!wanted.All(usual => Gives(graph, usual)))
        {
            throw new StipException(
                $"model '{Id}' gives {Outputs(graph)}; {what} needs {string.Join(" and ", wanted)}", null);
        }

        var exchange = await ForwardAsync(input, graph, cancellationToken);
        return [.. wanted.Select(usual => Find(exchange, input, graph, usual))];
    }

    private async Task<ForwardExchange> ForwardAsync(
        ForwardRows input, GraphManifest graph, CancellationToken cancellationToken)
    {
        var exchange = await Client.ForwardAsync(
            new ForwardRequest(Id, Payloads(input, graph), Role), cancellationToken);
        PackageMatch.RequireAnswer(
            Bundle.Manifest, exchange.Response.Fingerprint, exchange.Response.KeyEpoch, () => _info = null);
        return exchange;
    }

    private async Task<GraphManifest> GraphAsync(CancellationToken cancellationToken) =>
        (await CheckAsync(cancellationToken)).Graphs[Role];

    private static bool Gives(GraphManifest graph, string usual) =>
        graph.Outputs.Any(port => port.Name == graph.NameOf(usual));

    private static string Outputs(GraphManifest graph) => string.Join(", ", graph.Outputs.Select(port => port.Name));

    private PlainOutput Find(ForwardExchange exchange, ForwardRows input, GraphManifest graph, string usual) =>
        exchange.Response.Outputs?.TryGetValue(graph.NameOf(usual), out var output) == true
            && output.Shape is { Count: > 0 } shape && shape[0] == input.Batch
            ? ToPlain(usual, graph.NameOf(usual), output)
            : throw NotAsked();

    private static Dictionary<string, TensorPayload> Payloads(ForwardRows input, GraphManifest graph)
    {
        var payloads = new Dictionary<string, TensorPayload>(StringComparer.Ordinal)
        {
            [graph.NameOf(GraphManifest.Embeds)] = Payload(
                TensorDtype.Float32, MemoryMarshal.AsBytes(input.Rows.AsSpan()), [.. input.Shape]),
        };
        // A graph that takes none counts every row, and here every row may count.
        var isTaken = graph.Inputs.Any(port => port.Name == graph.NameOf(GraphManifest.Mask));
        if (input.Mask is { } mask && (isTaken || mask.Contains(0)))
        {
            payloads.Add(graph.NameOf(GraphManifest.Mask), Payload(
                TensorDtype.Int64, MemoryMarshal.AsBytes(mask.AsSpan()), input.Batch, input.Length));
        }

        return payloads;
    }

    private static TensorPayload Payload(TensorDtype dtype, ReadOnlySpan<byte> bytes, params long[] shape) =>
        new(dtype.WireName(), shape, bytes.ToArray());

    private PlainOutput ToPlain(string usual, string name, TensorPayload output)
    {
        var count = output.Shape.Aggregate(1L, (product, length) => product * length);
        if (!TensorDtypes.TryParseWire(output.Dtype, out var dtype))
        {
            throw NotAsked();
        }

        if (!dtype.IsWireFloat())
        {
            throw new StipException(
                $"model '{Id}': output '{name}' is {output.Dtype}; it must be of floats (indices are read with the "
                + $"forward request and {BundleManifest.OutputFileName})",
                null);
        }

        if (output.Data.Length != count * dtype.ByteSize())
        {
            throw NotAsked();
        }

        var values = new float[count];
        TensorConversion.ToFloat32(dtype, output.Data.Span, values);
        var result = new PlainOutput(usual, values, output.Shape);
        if (OrderOf(usual, name) is not { } order)
        {
            return result;
        }

        if (order.Width != result.Width)
        {
            throw NotAsked();
        }

        var plain = new float[count];
        for (var row = 0; row < count / order.Width; row++)
        {
            order.ToPlain(result.Row(row), plain.AsSpan(row * order.Width, order.Width));
        }

        return result with { Values = plain };
    }

    private FeatureOrder? OrderOf(string usual, string output)
    {
        lock (_ordersLock)
        {
            if (!_orders.TryGetValue(output, out var order))
            {
                using var file = BundleReader.OpenTensors(Bundle.Folder, BundleManifest.OutputFileName);
                _orders[output] = order = FeatureOrder.Find(
                    file, output, isLogits: usual == GraphManifest.Logits);
            }

            return order;
        }
    }

    private StipException NotAsked() => new($"model '{Id}': the server's answer is not the one asked for", null);
}
