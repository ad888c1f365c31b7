using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>Gives the nodes of a function the attributes that its caller hands over.</summary>
internal static class FunctionAttributes
{
    /// <summary>The node itself where it refers to none, else a copy; an attribute that nobody gives is left
    /// out.</summary>
    public static NodeProto Resolve(NodeProto inner, NodeProto caller, FunctionProto function)
    {
        if (!Refers(inner))
        {
            return inner;
        }

        // The tensors of attributes must stay the same objects: they are known by reference.
        var copy = new NodeProto { OpType = inner.OpType, Domain = inner.Domain, Name = inner.Name };
        copy.Overload = inner.Overload;
        copy.Input.Add(inner.Input);
        copy.Output.Add(inner.Output);
        foreach (var attribute in inner.Attribute)
        {
            if (attribute.RefAttrName.Length == 0)
            {
                copy.Attribute.Add(attribute.G is null ? attribute : Within(attribute));
            }
            else if (Given(attribute.RefAttrName, caller, function) is { } given)
            {
                copy.Attribute.Add(Named(given, attribute.Name));
            }
        }

        return copy;

        AttributeProto Within(AttributeProto held)
        {
            var graph = new GraphProto { Name = held.G.Name };
            graph.Initializer.Add(held.G.Initializer);
            graph.Input.Add(held.G.Input);
            graph.Output.Add(held.G.Output);
            graph.ValueInfo.Add(held.G.ValueInfo);
            graph.Node.Add(held.G.Node.Select(node => Resolve(node, caller, function)));
            return new AttributeProto { Name = held.Name, Type = held.Type, G = graph };
        }
    }

    private static bool Refers(NodeProto node) => node.Attribute.Any(attribute =>
        attribute.RefAttrName.Length > 0 || (attribute.G is not null && attribute.G.Node.Any(Refers)));

    private static AttributeProto Named(AttributeProto given, string name)
    {
        var named = new AttributeProto
        {
            Name = name,
            Type = given.Type,
            F = given.F,
            I = given.I,
            S = given.S,
            T = given.T,
            G = given.G,
        };
        named.Floats.Add(given.Floats);
        named.Ints.Add(given.Ints);
        named.Strings.Add(given.Strings);
        return named;
    }

    private static AttributeProto? Given(string name, NodeProto caller, FunctionProto function) =>
        caller.Attribute.FirstOrDefault(attribute => attribute.Name == name)
        ?? function.AttributeProto.FirstOrDefault(attribute => attribute.Name == name);
}
