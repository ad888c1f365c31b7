namespace Stip.Export.Blocks;

/// <summary>The stream <c>[batch, seq, hidden]</c> that every block reads through a norm and adds to.</summary>
/// <param name="model">The graph.</param>
/// <param name="start">Where the stream starts; null for the rows that enter the graph.</param>
internal sealed class ResidualStream(ModelGraph model, string? start = null)
{
    private string _sum = start ?? model.Embeds;
    private string? _added;

    /// <summary>The stream through a norm.</summary>
    /// <param name="norm">Which norm.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Its weights in the checkpoint.</param>
    public string Through(Norm norm, string name, string tensor)
    {
        if (_added is null || !norm.AddsFirst)
        {
            return norm.Append(model, name, tensor, Sum($"{name}.stream"));
        }

        (var normed, _sum) = norm.AppendToSum(model, name, tensor, _sum, _added);
        _added = null;
        return normed;
    }

    /// <summary>Puts a norm of the stream in its place, as models do whose norms follow their blocks.</summary>
    public void Replace(Norm norm, string name, string tensor)
    {
        _sum = _added is null || !norm.AddsFirst
            ? norm.Append(model, name, tensor, Sum($"{name}.stream"))
            : norm.AppendAfterSum(model, name, tensor, _sum, _added);
        _added = null;
    }

    /// <summary>Adds what a block made; blocks that stand side by side are added to each other first.</summary>
    public void Add(string output) =>
        _added = _added is null ? output : model.Graph.Add("Add", $"{output}/both", [_added, output]);

    /// <summary>The sum of everything so far.</summary>
    public string Sum(string name)
    {
        if (_added is not null)
        {
            _sum = model.Graph.Add("Add", name, [_sum, _added]);
            _added = null;
        }

        return _sum;
    }
}
