const named = (text: string): readonly string[] => text.split(' ')

const convolution = named(
  'batch_group_count feature_group_count input_batch_dimension input_feature_dimension input_spatial_dimensions ' +
    'kernel_input_feature_dimension kernel_output_feature_dimension kernel_spatial_dimensions lhs_dilation output_batch_dimension ' +
    'output_feature_dimension output_spatial_dimensions padding precision_config rhs_dilation window_reversal window_strides',
)
const collective = named('channel_id replica_groups use_global_device_ids')
const gather = named('collapsed_slice_dims index_vector_dim indices_are_sorted offset_dims')
const gather2 = named(`${gather.join(' ')} operand_batching_dims`)
const customCall = named(
  'api_version backend_config call_target_name called_computations has_side_effect operand_layouts output_operand_aliases result_layouts',
)
const accuracy = ['result_accuracy']

/**
 * The attributes that an op of VHLO keeps as properties, in their stored order, which is that of their names (VhloOps.td).
 * All are indices of attributes. Ops that are not here have none.
 */
export const propertiesByOp: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    all_gather_v1: ['all_gather_dim', ...collective],
    all_gather_v2: ['all_gather_dim', ...collective],
    all_reduce_v1: collective,
    all_reduce_v2: collective,
    all_to_all_v1: named('channel_id concat_dimension replica_groups split_count split_dimension'),
    all_to_all_v2: named('channel_id concat_dimension replica_groups split_count split_dimension'),
    batch_norm_grad_v1: named('epsilon feature_index'),
    batch_norm_inference_v1: named('epsilon feature_index'),
    batch_norm_training_v1: named('epsilon feature_index'),
    broadcast_in_dim_v1: ['broadcast_dimensions'],
    broadcast_v1: ['broadcast_sizes'],
    call_v1: ['callee'],
    cbrt_v2: accuracy,
    cholesky_v1: ['lower'],
    collective_broadcast_v1: named('channel_id replica_groups'),
    collective_broadcast_v2: named('channel_id has_dynamic_root replica_groups'),
    collective_permute_v1: named('channel_id source_target_pairs'),
    collective_reduce_v1: named('channel_id has_dynamic_root replica_groups use_global_device_ids'),
    compare_v1: named('compare_type comparison_direction'),
    composite_v1: named('composite_attributes decomposition name version'),
    composite_v2: named('composite_attributes decomposition name version'),
    concatenate_v1: ['dimension'],
    constant_v1: ['value'],
    convolution_v1: convolution,
    cosine_v2: accuracy,
    'cross-replica-sum_v1': ['replica_groups'],
    custom_call_v1: customCall,
    custom_call_v2: [...customCall, 'result_tilings'],
    dot_general_v1: named(
      'lhs_batching_dimensions lhs_contracting_dimensions precision_config rhs_batching_dimensions rhs_contracting_dimensions',
    ),
    dot_general_v2: named(
      'accumulation_type allow_imprecise_accumulation lhs_batching_dimensions lhs_component_count lhs_contracting_dimensions ' +
        'lhs_precision_type num_primitive_operations precision_config rhs_batching_dimensions rhs_component_count ' +
        'rhs_contracting_dimensions rhs_precision_type',
    ),
    dot_v1: ['precision_config'],
    dynamic_broadcast_in_dim_v1: named('broadcast_dimensions known_expanding_dimensions known_nonexpanding_dimensions'),
    dynamic_conv_v1: convolution,
    dynamic_conv_v2: convolution.filter((name) => name !== 'padding'),
    dynamic_gather_v1: [...gather, 'start_index_map'],
    dynamic_gather_v2: [...gather2, 'start_index_map', 'start_indices_batching_dims'],
    dynamic_iota_v1: ['iota_dimension'],
    dynamic_slice_v1: ['slice_sizes'],
    einsum_v1: ['einsum_config'],
    exponential_minus_one_v2: accuracy,
    exponential_v2: accuracy,
    fft_v1: named('fft_length fft_type'),
    func_v1: named('arg_attrs function_type res_attrs sym_name sym_visibility'),
    gather_v1: [...gather, 'slice_sizes', 'start_index_map'],
    gather_v2: [...gather2, 'slice_sizes', 'start_index_map', 'start_indices_batching_dims'],
    get_dimension_size_v1: ['dimension'],
    get_tuple_element_v1: ['index'],
    infeed_v1: named('infeed_config layout'),
    iota_v1: ['iota_dimension'],
    log_plus_one_v2: accuracy,
    log_v2: accuracy,
    logistic_v2: accuracy,
    map_v1: ['dimensions'],
    outfeed_v1: ['outfeed_config'],
    pad_v1: named('edge_padding_high edge_padding_low interior_padding'),
    recv_v1: named('channel_id channel_type is_host_transfer'),
    recv_v2: named('channel_id channel_type is_host_transfer source_target_pairs'),
    reduce_precision_v1: named('exponent_bits mantissa_bits'),
    reduce_scatter_v1: named('channel_id replica_groups scatter_dimension use_global_device_ids'),
    reduce_v1: ['dimensions'],
    reduce_window_v1: named('base_dilations padding window_dilations window_dimensions window_strides'),
    reverse_v1: ['dimensions'],
    rng_bit_generator_v1: ['rng_algorithm'],
    rng_v1: ['rng_distribution'],
    rsqrt_v2: accuracy,
    scatter_v1: named(
      'index_vector_dim indices_are_sorted inserted_window_dims scatter_dims_to_operand_dims unique_indices update_window_dims',
    ),
    scatter_v2: named(
      'index_vector_dim indices_are_sorted input_batching_dims inserted_window_dims scatter_dims_to_operand_dims ' +
        'scatter_indices_batching_dims unique_indices update_window_dims',
    ),
    select_and_scatter_v1: named('padding window_dimensions window_strides'),
    send_v1: named('channel_id channel_type is_host_transfer'),
    send_v2: named('channel_id channel_type is_host_transfer source_target_pairs'),
    set_dimension_size_v1: ['dimension'],
    sine_v2: accuracy,
    slice_v1: named('limit_indices start_indices strides'),
    sort_v1: named('dimension is_stable'),
    sqrt_v2: accuracy,
    tan_v2: accuracy,
    tanh_v2: accuracy,
    torch_index_select_v1: named('batch_dims dim'),
    transpose_v1: ['permutation'],
    triangular_solve_v1: named('left_side lower transpose_a unit_diagonal'),
    unary_einsum_v1: ['einsum_config'],
  }),
)
