using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Onnx.Running;

/// <summary>
/// Passes through a model without a buffer of its own: encoders, images, graphs of other exporters. Graphs are loaded
/// once.
/// </summary>
internal sealed class PassRunner : IDisposable
{
    private readonly IModelSide _side;
    private readonly string _role;
    private readonly GraphRunner? _client;
    private readonly GraphRunner _graph;

    /// <param name="side">The model.</param>
    /// <param name="role">Which of its graphs; the one that gives the answer unless given.</param>
    public PassRunner(IModelSide side, string? role = null)
    {
        _side = side;
        _role = role ?? side.MainRole;
        _client = side.ClientGraphOf(_role) is { } path ? new GraphRunner(path) : null;
        try
        {
            _graph = new GraphRunner(side.GraphOf(_role));
        }
        catch
        {
            _client?.Dispose();
            throw;
        }
    }

    /// <summary>Names of what the graphs take, those that one gives the other included.</summary>
    public IEnumerable<string> Inputs => (_client?.Inputs ?? []).Concat(_graph.Inputs).Select(port => port.Name);

    /// <summary>The graph's name of what is usually called so.</summary>
    public string NameOf(string usual) =>
        _side.NameOf(_role, usual, [.. _graph.Inputs.Concat(_graph.Outputs).Select(port => port.Name)]);

    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IModelSide side, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        using var runner = new PassRunner(side);
        return runner.TakesChoices ? runner.Run(inputs) : Choices.Run(inputs, given => runner.Run(given));
    }

    // A graph of another exporter may have an axis of choices itself.
    private bool TakesChoices =>
        (_client ?? _graph).Inputs.Any(port => port is { Name: Choices.IdsName, Shape.Count: > 2 });

    /// <param name="inputs">Of the whole model.</param>
    /// <param name="server">What answers instead of the server's graph.</param>
    public IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IReadOnlyDictionary<string, HostTensor> inputs,
        Func<IReadOnlyDictionary<string, HostTensor>, IReadOnlyDictionary<string, HostTensor>>? server = null)
    {
        var client = GraphPart.KeyOf(_role, isClient: true);
        string[] names = [.. _graph.Inputs.Select(port => port.Name)];
        var handed = ClientPass.Run(
            _client, _side.Tables, inputs, names, (name, tensor) => _side.Protect(client, name, tensor));
        PassInputs.Complete(
            names,
            inputs,
            handed,
            (name, tensor) => _side.Protect(_role, name, tensor));
        var results = server is null ? _graph.Run(handed) : server(handed);
        var given = _graph.Outputs.Select(port => (port.Name, _side.Restore(_role, port.Name, results[port.Name])));
        var own = (_client?.Outputs ?? []).Select(port => port.Name).Except(names)
            .Select(name => (name, _side.Restore(client, name, handed[name])));
        return Joined([.. own], [.. given]);
    }

    // Caches of the client's layers come before those of the server's, and behind the rest.
    private static IReadOnlyList<(string Name, HostTensor Tensor)> Joined(
        (string Name, HostTensor Tensor)[] own, (string Name, HostTensor Tensor)[] given)
    {
        var place = own is [var first, ..]
            ? Array.FindIndex(given, output => StemOf(output.Name) == StemOf(first.Name))
            : -1;
        return place < 0 ? [.. given, .. own] : [.. given[..place], .. own, .. given[place..]];

        static string StemOf(string name) => string.Concat(name.TakeWhile(c => !char.IsAsciiDigit(c)));
    }

    public void Dispose()
    {
        _client?.Dispose();
        _graph.Dispose();
    }
}
